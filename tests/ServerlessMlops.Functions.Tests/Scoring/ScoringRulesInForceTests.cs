using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Functions.Pipelines;
using ServerlessMlops.Functions.Scoring;

namespace ServerlessMlops.Functions.Tests.Scoring;

/// <summary>The spec's <c>scoring</c> rules take effect on what serves; explanations on request.</summary>
public sealed class ScoringRulesInForceTests
{
    [Theory]
    [InlineData(ScoringApp.Path + "?explain=true", """{"instances":[[30]]}""")]
    [InlineData(ScoringApp.Path, """{"instances":[[30]],"params":{"explain":true}}""")]
    [InlineData(ScoringApp.Path + "?code=abc&explain=true", """{"speed":30}""")]
    public async Task Post_Explain_AddsContributions(string path, string body)
    {
        await using ScoringApp app = await ScoringApp.StartAsync();
        bool isLines = body.StartsWith("{\"speed", StringComparison.Ordinal);
        using HttpResponseMessage response = await app.PostAsync(body, isLines ? "application/x-ndjson" : "application/json", path);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        JsonElement answer = await response.Content.ReadFromJsonAsync<JsonElement>();
        JsonElement row = isLines ? answer : answer.GetProperty("predictions")[0];
        row.GetProperty("explanation").GetProperty("contributions").GetProperty("speed").GetDouble().ShouldBe(0.3, 1e-6);
        row.GetProperty("explanation").GetProperty("base").GetDouble().ShouldBe(0.001, 1e-6);
    }

    [Theory]
    [InlineData("")]
    [InlineData("?explain=false")]
    public async Task Post_WithoutExplain_HasNone(string query)
    {
        await using ScoringApp app = await ScoringApp.StartAsync();
        using HttpResponseMessage response = await app.PostAsync("""{"instances":[[30]]}""", path: ScoringApp.Path + query);
        (await response.Content.ReadAsStringAsync()).ShouldNotContain("explanation");
    }

    [Fact]
    public async Task Post_AfterTheSpecChanged_FollowsItWithoutTraining()
    {
        var specs = new KeptSpecs();
        await using ScoringApp app = await ScoringApp.StartAsync(services => services.AddSingleton<IPipelineStore>(specs).AddSingleton<SpecReader>());
        specs.Yaml["a"] = "target: delayed\n";
        specs.Yaml["b"] = "target: delayed\nscoring: {columns: {speed: {onNull: reject}}, review: {margin: 0.2}}\n";
        app.Models.Head = app.Models.Head with { SpecHash = "a" };
        const string Body = """{"instances":[[null]]}""";
        (await app.PostAsync(Body)).StatusCode.ShouldBe(HttpStatusCode.OK);

        app.Models.Head = app.Models.Head with { SpecHash = "b" };
        await RefreshedAsync(app, HttpStatusCode.BadRequest, Body);
        using HttpResponseMessage close = await app.PostAsync("""{"instances":[[45],[90]]}""");
        (await close.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("predictions").EnumerateArray().Select(p => p.GetProperty("needsReview").GetBoolean()).ShouldBe([true, false]);
        specs.Reads.ShouldBe(2, "a spec is read once");

        // A spec that cannot be read changes nothing, and is told.
        app.Models.Head = app.Models.Head with { SpecHash = "gone" };
        await Eventually.HoldsAsync(() =>
        {
            _ = app.PostAsync(Body);
            return app.Services.GetRequiredService<ModelCache>().States().Single().Fault is not null;
        }, "the fault");
        (await app.PostAsync(Body)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    private static async Task RefreshedAsync(ScoringApp app, HttpStatusCode expected, string body)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while ((await app.PostAsync(body)).StatusCode != expected)
        {
            deadline.IsCancellationRequested.ShouldBeFalse("waited for the refresh");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
    }

    /// <summary>Kept specs by hash, in memory.</summary>
    private sealed class KeptSpecs : IPipelineStore
    {
        public Dictionary<string, string> Yaml { get; } = [];

        public int Reads;

        public Task<StoredSpec?> GetVersionAsync(string pipeline, string specHash, CancellationToken cancellation)
        {
            Interlocked.Increment(ref Reads);
            return Task.FromResult(Yaml.TryGetValue(specHash, out string? yaml) ? new StoredSpec(pipeline, yaml, null) : null);
        }

        public Task<StoredSpec?> GetAsync(string pipeline, CancellationToken cancellation) => throw new NotSupportedException();

        public Task KeepVersionAsync(string pipeline, string specHash, string yaml, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<string?> PutAsync(string pipeline, string yaml, string? ifMatch, string actor, CancellationToken cancellation) => throw new NotSupportedException();

        public IAsyncEnumerable<string> ListAsync(CancellationToken cancellation) => throw new NotSupportedException();
    }
}

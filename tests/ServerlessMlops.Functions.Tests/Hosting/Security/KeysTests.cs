using System.Net;
using Microsoft.Azure.Functions.Worker;

namespace ServerlessMlops.Functions.Tests.Hosting.Security;

/// <summary>Who may call what: every HTTP function of the app, with no key, a wrong one, one of too low a level, and the right one.</summary>
[Collection(KeyedAppCollection.Name)]
public sealed class KeysTests(KeyedApp app) : IDisposable
{
    // What changes something and yet needs no operator: callers score, label and ask for labels; readers deal with alerts, and replay without trace.
    private static readonly string[] OpenToCallers =
        ["Score", "Infer", "InferVersion", "PostLabels", "PostLabelRequest", "PostReview", "AcknowledgeAlert", "ResolveAlert", "TestAlerts", "PostSilence", "EndSilence", "StartReplay"];

    private readonly HttpClient _anybody = new() { BaseAddress = app.Http.BaseAddress };

    public static TheoryData<string> Names => [.. HttpFunctions.All.Select(function => function.Name).Order()];

    public void Dispose() => _anybody.Dispose();

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Function_AsksForTheKeyOfItsLevel(string name)
    {
        HttpTriggerAttribute trigger = HttpFunctions.All.Single(function => function.Name == name).Trigger;
        string? host = trigger.AuthLevel == AuthorizationLevel.Function ? KeyedApp.Host : null;
        if (trigger.AuthLevel == AuthorizationLevel.Anonymous)
        {
            (await StatusAsync(trigger, null)).ShouldNotBe(HttpStatusCode.Unauthorized);
            return;
        }

        foreach (string? refused in (string?[])[null, "", "wrong", KeyedApp.Master + "x", KeyedApp.Master[..^1], name == "Score" ? null : KeyedApp.Score, host is null ? KeyedApp.Host : null])
        {
            (await StatusAsync(trigger, refused)).ShouldBe(HttpStatusCode.Unauthorized, $"{name} with '{refused}'");
        }

        foreach (string allowed in (string[])[KeyedApp.Master, host ?? KeyedApp.Master, name == "Score" ? KeyedApp.Score : KeyedApp.Master])
        {
            (await StatusAsync(trigger, allowed)).ShouldNotBe(HttpStatusCode.Unauthorized, $"{name} with '{allowed}'");
        }
    }

    [Fact]
    public void WhatChangesThings_IsForOperators()
    {
        string[] changing = [.. HttpFunctions.All.Where(function => function.Trigger.Methods!.Any(method => method is not "get")).Select(function => function.Name)];

        changing.Where(name => HttpFunctions.All.Single(function => function.Name == name).Trigger.AuthLevel != AuthorizationLevel.Admin).ShouldBeSubsetOf(OpenToCallers);
        HttpFunctions.All.Where(function => function.Trigger.AuthLevel == AuthorizationLevel.Anonymous)
            .ShouldAllBe(function => function.Trigger.Methods!.SequenceEqual(new[] { "get" }) && !function.Trigger.Route!.StartsWith("api/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task UnauthorizedAnswer_SaysNothingOfWhatIsBehindIt()
    {
        using HttpResponseMessage answer = await _anybody.GetAsync("api/pipelines?code=wrong");

        answer.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await answer.Content.ReadAsStringAsync()).ShouldBeEmpty();
    }

    private async Task<HttpStatusCode> StatusAsync(HttpTriggerAttribute trigger, string? key)
    {
        // A pipeline that nobody has: the key is asked for before anything is looked up.
        using var request = new HttpRequestMessage(new HttpMethod(trigger.Methods![0].ToUpperInvariant()), HttpFunctions.Path(trigger, "nobody"));
        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation("x-functions-key", key);
        }

        using HttpResponseMessage answer = await _anybody.SendAsync(request);
        return answer.StatusCode;
    }
}

using System.Net;
using System.Text.Json;
using Azure.Storage.Blobs;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.DependencyInjection;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Rollout;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Functions.Registry;
using ServerlessMlops.Functions.Tests.Hosting;

namespace ServerlessMlops.Functions.Tests.Registry;

/// <summary>Aliases, tags, deletion and the ledger over HTTP, on real versions.</summary>
[Collection(TestAppCollection.Name)]
public sealed class RegistryVerbsTests(TestApp app)
{
    private IModelRegistry Models => app.Services.GetRequiredService<IModelRegistry>();

    [Fact]
    public async Task Alias_PutGetMoveDelete_IsGuardedByItsETag()
    {
        string pipeline = await TwoVersionsAsync();
        string path = $"api/pipelines/{pipeline}/aliases/stable";

        (await app.SendAsync(HttpMethod.Put, path, new { version = 1 })).Status.ShouldBe(HttpStatusCode.OK);
        using HttpResponseMessage read = await app.Http.GetAsync(path);
        string etag = read.Headers.ETag!.Tag;
        (await app.SendAsync(HttpMethod.Put, path, new { version = 2 }, ifMatch: "\"1\"")).Status.ShouldBe(HttpStatusCode.PreconditionFailed);
        (HttpStatusCode moved, JsonElement alias) = await app.SendAsync(HttpMethod.Put, path, new { version = 2, why = "better" }, ifMatch: etag);
        (moved, alias.GetProperty("version").GetInt32()).ShouldBe((HttpStatusCode.OK, 2));
        (await app.SendAsync(HttpMethod.Delete, path, ifMatch: etag)).Status.ShouldBe(HttpStatusCode.PreconditionFailed);
        (await app.SendAsync(HttpMethod.Delete, path)).Status.ShouldBe(HttpStatusCode.NoContent);
        (await app.SendAsync(HttpMethod.Get, path)).Status.ShouldBe(HttpStatusCode.NotFound);

        LedgerEntry[] lines = [.. (await Models.ListLedgerAsync(pipeline, 10, null, default)).Items.Where(e => e.Alias == "stable")];
        lines.Select(e => (e.Action, e.Actor)).ShouldBe(
            [(LedgerAction.AliasRemoved, "unverified:ada"), (LedgerAction.AliasSet, "unverified:ada"), (LedgerAction.AliasSet, "unverified:ada")]);
    }

    [Fact]
    public async Task Rollout_HoldResumeAndPromoteByAlias_AreMovesOfThePersonWhoAsked()
    {
        string pipeline = await TwoVersionsAsync();
        await Models.PromoteAsync(pipeline, 1, new MoveReason("test", "test", "test"), default);
        (await app.SendAsync(HttpMethod.Post, $"api/pipelines/{pipeline}/hold", new { why = "wait" })).Status.ShouldBe(HttpStatusCode.Conflict);
        await Models.MoveAsync(
            pipeline, (head, at) => RolloutMoves.Begin(head, new RolloutStart("rollout-by-hand", 2, DeployStrategy.BlueGreen, 0), new MoveReason("test", "test", "test"), at), default);

        (HttpStatusCode held, JsonElement deployment) = await app.SendAsync(HttpMethod.Post, $"api/pipelines/{pipeline}/hold", new { why = "wait for the release notes" });
        held.ShouldBe(HttpStatusCode.OK);
        deployment.GetProperty("live").GetProperty("rollout").GetProperty("held").GetProperty("by").GetString().ShouldBe("unverified:ada");
        (await app.SendAsync(HttpMethod.Post, $"api/pipelines/{pipeline}/hold", new { why = "again" })).Status.ShouldBe(HttpStatusCode.OK);
        (_, deployment) = await app.SendAsync(HttpMethod.Post, $"api/pipelines/{pipeline}/resume", new { why = "they are out" });
        deployment.GetProperty("live").GetProperty("rollout").TryGetProperty("held", out _).ShouldBeFalse();

        (await app.SendAsync(HttpMethod.Post, $"api/pipelines/{pipeline}/promote", new { why = "nothing named" })).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await app.SendAsync(HttpMethod.Post, $"api/pipelines/{pipeline}/promote", new { alias = "purple" })).Status.ShouldBe(HttpStatusCode.Conflict);
        (_, deployment) = await app.SendAsync(HttpMethod.Post, $"api/pipelines/{pipeline}/promote", new { alias = "green", why = "switch" });
        deployment.GetProperty("live").GetProperty("version").GetInt32().ShouldBe(2);

        (await Models.ListLedgerAsync(pipeline, 4, null, default)).Items.Select(e => (e.Action, e.Actor, e.Why)).ShouldBe(
            [
                (LedgerAction.Promoted, "unverified:ada", "switch"), (LedgerAction.RolloutResumed, "unverified:ada", "they are out"),
                (LedgerAction.RolloutHeld, "unverified:ada", "wait for the release notes"), (LedgerAction.RolloutStarted, "test", "test"),
            ]);
    }

    [Theory]
    [InlineData("champion", HttpStatusCode.Conflict)]
    [InlineData("Not-A-Name", HttpStatusCode.BadRequest)]
    public async Task PutAlias_OfANameThatIsNotFree_IsRefused(string name, HttpStatusCode status)
    {
        string pipeline = await TwoVersionsAsync();

        (await app.SendAsync(HttpMethod.Put, $"api/pipelines/{pipeline}/aliases/{name}", new { version = 1 })).Status.ShouldBe(status);
        (await app.SendAsync(HttpMethod.Put, $"api/pipelines/{pipeline}/aliases/fine", new { version = 7 })).Status.ShouldBe(HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task Models_AfterTagsStagesAndAliases_ListThem()
    {
        string pipeline = await TwoVersionsAsync();
        await Models.PromoteAsync(pipeline, 2, new MoveReason("test", "test", "test"), default);
        await app.SendAsync(HttpMethod.Put, $"api/pipelines/{pipeline}/models/1/tags/owner", new { value = "ads team" });
        await app.SendAsync(HttpMethod.Put, $"api/pipelines/{pipeline}/models/1/stage", new { stage = "archived" });

        JsonElement items = (await app.GetAsync<JsonElement>($"api/pipelines/{pipeline}/models")).GetProperty("items");

        (items[0].GetProperty("stage").GetString(), items[0].GetProperty("aliases")[0].GetString()).ShouldBe(("serving", "champion"));
        (items[1].GetProperty("stage").GetString(), items[1].GetProperty("tags").GetProperty("owner").GetString()).ShouldBe(("archived", "ads team"));
        (await app.SendAsync(HttpMethod.Post, $"api/pipelines/{pipeline}/promote", new { version = 1 })).Body.GetProperty("detail").GetString()!.ShouldContain("is archived");
        (await app.SendAsync(HttpMethod.Put, $"api/pipelines/{pipeline}/models/1/stage", new { stage = "serving" })).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await app.SendAsync(HttpMethod.Put, $"api/pipelines/{pipeline}/models/9/tags/a", new { value = "b" })).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Delete_AVersion_KeepsTheChampionAndGivesUpTheBytesOfTheRest()
    {
        string pipeline = app.NewPipeline();
        Run run = await app.TrainAsync(pipeline, TestApp.Spec);
        run.Status.ShouldBe(RunStatus.Succeeded, run.Reason);
        await app.RunAsync(pipeline, "version 1 serves", r => r is { Kind: RunKind.Rollout, IsEnded: true });
        (HttpStatusCode kept, JsonElement problem) = await app.SendAsync(HttpMethod.Delete, $"api/pipelines/{pipeline}/models/1", new { why = "cleaning" });
        (kept, problem.GetProperty("detail").GetString()).ShouldBe((HttpStatusCode.Conflict, $"Version 1 of pipeline '{pipeline}' cannot be deleted: it serves."));
        await RegisterAsync(pipeline, "other");
        await Models.PromoteAsync(pipeline, 2, new MoveReason("test", "test", "test"), default);
        await RegisterAsync(pipeline, "third");
        await Models.PromoteAsync(pipeline, 3, new MoveReason("test", "test", "test"), default);

        (await app.SendAsync(HttpMethod.Delete, $"api/pipelines/{pipeline}/models/1", new { why = "cleaning" })).Status.ShouldBe(HttpStatusCode.OK);
        (await app.SendAsync(HttpMethod.Delete, $"api/pipelines/{pipeline}/models/1")).Status.ShouldBe(HttpStatusCode.OK, "a repeated deletion is harmless");

        BlobContainerClient blobs = new BlobServiceClient(app.ConnectionString).GetBlobContainerClient("models");
        (await blobs.GetBlobClient($"{pipeline}/1/model.onnx").ExistsAsync()).Value.ShouldBeFalse();
        (await blobs.GetBlobClient($"{pipeline}/1/model.json").ExistsAsync()).Value.ShouldBeTrue("the card is evidence");
        (await app.SendAsync(HttpMethod.Post, $"api/pipelines/{pipeline}/promote", new { version = 1 })).Status.ShouldBe(HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task Ledger_AnchoredVerifiedAndAskedForAMoment()
    {
        string pipeline = await TwoVersionsAsync();
        await app.PutSpecAsync(pipeline, "target: heavy\n");
        await Models.PromoteAsync(pipeline, 1, new MoveReason("ann", "first", "run-1"), default);
        DateTimeOffset between = TimeProvider.System.GetUtcNow();
        await Models.PromoteAsync(pipeline, 2, new MoveReason("bob", "second", "run-2"), default);
        await ActivatorUtilities.CreateInstance<LedgerAnchorTimer>(app.Services).Run(new TimerInfo(), default);

        LedgerVerification verified = await app.GetAsync<LedgerVerification>($"api/pipelines/{pipeline}/ledger/verify");
        ServedAt then = await app.GetAsync<ServedAt>($"api/pipelines/{pipeline}/deployment?at={Uri.EscapeDataString(between.ToString("O"))}");

        (verified.Valid, verified.Lines, verified.Anchors).ShouldBe((true, 5, 1));
        (then.Version, then.Moved.Actor, then.Moved.Why).ShouldBe((1, "ann", "first"));
        then.Until.ShouldNotBeNull();
        (await app.SendAsync(HttpMethod.Get, $"api/pipelines/{pipeline}/deployment?at=2020-01-01")).Status.ShouldBe(HttpStatusCode.NotFound);
        (await app.SendAsync(HttpMethod.Get, $"api/pipelines/{pipeline}/deployment?at=yesterday")).Status.ShouldBe(HttpStatusCode.BadRequest);
    }

    private async Task<string> TwoVersionsAsync()
    {
        string pipeline = app.NewPipeline();
        await RegisterAsync(pipeline, "a");
        await RegisterAsync(pipeline, "b");
        return pipeline;
    }

    private Task<ModelVersion> RegisterAsync(string pipeline, string id) => Models.RegisterAsync(
        pipeline,
        new ModelRegistration { ModelId = id, DatasetId = "d", SpecHash = "s", Candidate = "linear", RunId = "run-1", Metrics = new Dictionary<string, double>() },
        new MoveReason("test", "test", "test"),
        default);
}

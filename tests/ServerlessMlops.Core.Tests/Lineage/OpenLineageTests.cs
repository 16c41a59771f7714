using System.Globalization;
using System.Text.Json.Nodes;
using ServerlessMlops.Core.Lineage;
using ServerlessMlops.Core.Runs;

namespace ServerlessMlops.Core.Tests.Lineage;

public sealed class OpenLineageTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);

    private static readonly string[] EventTypes = ["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"];

    public static TheoryData<RunKind, RunStatus> AllRuns
    {
        get
        {
            var all = new TheoryData<RunKind, RunStatus>();
            foreach (RunKind kind in Enum.GetValues<RunKind>())
            {
                foreach (RunStatus status in Enum.GetValues<RunStatus>())
                {
                    all.Add(kind, status);
                }
            }

            return all;
        }
    }

    /// <summary>What the published schema (spec 2-0-2) requires of an event and of what stands in it.</summary>
    [Theory]
    [MemberData(nameof(AllRuns))]
    public void Event_OfAnyRun_HasWhatTheSchemaRequires(RunKind kind, RunStatus status)
    {
        Run run = ARun(kind, status);
        foreach (JsonObject lineageEvent in (JsonObject[])[OpenLineage.Start(run, "acct", "1.0.0+abc", Noon), OpenLineage.End(run, "acct", "1.0.0+abc", Noon)])
        {
            DateTimeOffset.ParseExact(Text(lineageEvent, "eventTime"), "O", CultureInfo.InvariantCulture).ShouldBe(Noon);
            Uri.IsWellFormedUriString(Text(lineageEvent, "producer"), UriKind.Absolute).ShouldBeTrue();
            Text(lineageEvent, "schemaURL").ShouldBe("https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent");
            EventTypes.ShouldContain(Text(lineageEvent, "eventType"));
            Guid.Parse(Text(lineageEvent["run"]!, "runId")).Version.ShouldBe(8);
            Text(lineageEvent["job"]!, "namespace").ShouldNotBeEmpty();
            Text(lineageEvent["job"]!, "name").ShouldBe($"birds.{kind.ToString().ToLowerInvariant()}");
            List<JsonObject> facets = [.. Facets(lineageEvent["run"]!), .. Facets(lineageEvent["job"]!)];
            foreach (JsonNode? dataset in lineageEvent["inputs"]!.AsArray().Concat(lineageEvent["outputs"]!.AsArray()))
            {
                Text(dataset!, "namespace").ShouldStartWith("wasbs://");
                Text(dataset!, "name").ShouldNotBeEmpty();
                facets.AddRange(Facets(dataset!));
            }

            foreach (JsonObject facet in facets)
            {
                Uri.IsWellFormedUriString(Text(facet, "_producer"), UriKind.Absolute).ShouldBeTrue();
                Uri.TryCreate(Text(facet, "_schemaURL"), UriKind.Absolute, out _).ShouldBeTrue();
            }
        }
    }

    [Theory]
    [InlineData(RunStatus.Succeeded, "COMPLETE")]
    [InlineData(RunStatus.Cached, "COMPLETE")]
    [InlineData(RunStatus.Rejected, "COMPLETE")]
    [InlineData(RunStatus.Failed, "FAIL")]
    [InlineData(RunStatus.Cancelled, "ABORT")]
    [InlineData(RunStatus.Waiting, "ABORT")]
    public void End_OfAStatus_IsItsEvent(RunStatus status, string type)
    {
        JsonObject end = OpenLineage.End(ARun(RunKind.Training, status), "acct", "1", Noon);

        OpenLineage.TypeOf(end).ShouldBe(type);
        end["run"]!["facets"]!.AsObject().ContainsKey("errorMessage").ShouldBe(type == "FAIL");
    }

    [Fact]
    public void Event_OfARollout_NamesItsTrainingAsParent()
    {
        JsonNode parent = OpenLineage.Start(ARun(RunKind.Rollout, RunStatus.Running), "acct", "1", Noon)["run"]!["facets"]!["parent"]!;

        Text(parent["run"]!, "runId").ShouldBe(OpenLineage.RunUuid("birds", "train-birds-1", 1).ToString());
        Text(parent["job"]!, "name").ShouldBe("birds.training");
    }

    [Fact]
    public void Event_MadeTwice_IsTheSameToTheByte() =>
        OpenLineage.End(ARun(RunKind.Training, RunStatus.Failed), "acct", "1", Noon).ToJsonString()
            .ShouldBe(OpenLineage.End(ARun(RunKind.Training, RunStatus.Failed), "acct", "1", Noon).ToJsonString());

    [Fact]
    public void RunUuid_OfAnotherAttempt_IsAnother() => OpenLineage.RunUuid("birds", "r", 2).ShouldNotBe(OpenLineage.RunUuid("birds", "r", 1));

    private static string Text(JsonNode node, string key) => node[key]!.GetValue<string>();

    private static IEnumerable<JsonObject> Facets(JsonNode node) => node["facets"] is JsonObject facets ? facets.Select(f => f.Value!.AsObject()) : [];

    private static Run ARun(RunKind kind, RunStatus status) => new()
    {
        Pipeline = "birds", Id = "run-1", Kind = kind, Status = status, Stage = "training", StartedAt = Noon, Reason = "because",
        Inputs =
        [
            new("request", "new data"), new("spec", "5bec"), new("code", "1.0"), new("seed", "7"), new("dataset", "da7a"), new("batch", "ba7c4", "10 rows"),
            new("upload", "birds/a b.csv", "etag 0x1"), new("run", "train-birds-1"), new("version", "3"),
        ],
        Outputs = [new("version", "3"), new("model", "abc"), new("search", "models/birds/runs/run-1/search.json", "16 settings")],
    };
}

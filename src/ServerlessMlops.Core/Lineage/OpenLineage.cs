using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using ServerlessMlops.Core.Runs;

namespace ServerlessMlops.Core.Lineage;

/// <summary>
/// Runs as OpenLineage events (https://openlineage.io, spec 2-0-2), so that any lineage tool can draw what was made from what: each attempt has a START and one of
/// COMPLETE, FAIL, ABORT. Everything in an event follows from the run's row, so making one twice makes the same.
/// </summary>
public static class OpenLineage
{
    /// <summary>The schema that events follow.</summary>
    public const string RunEventSchema = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";

    /// <summary>Namespace of all jobs; a job is <c>{pipeline}.{kind}</c>.</summary>
    public const string JobNamespace = "serverless-mlops";

    private const string Producer = "urn:serverless-mlops";
    private const string Facets = "https://openlineage.io/spec/facets/";

    /// <summary>The event of an attempt's beginning.</summary>
    /// <param name="run">The run as it began.</param>
    /// <param name="account">Storage account of what it reads and writes.</param>
    /// <param name="codeVersion">Build of the product.</param>
    /// <param name="at">When the attempt began.</param>
    public static JsonObject Start(Run run, string account, string codeVersion, DateTimeOffset at) => Event("START", at, run, account, codeVersion);

    /// <summary>The event of an attempt's end.</summary>
    /// <param name="run">The run as it ended; one that has not is given up (ABORT), as where a later attempt follows one that waited.</param>
    /// <param name="account">Storage account of what it reads and writes.</param>
    /// <param name="codeVersion">Build of the product.</param>
    /// <param name="at">When it ended.</param>
    public static JsonObject End(Run run, string account, string codeVersion, DateTimeOffset at) => Event(
        run.Status switch
        {
            RunStatus.Failed => "FAIL",
            RunStatus.Cancelled or RunStatus.Running or RunStatus.Waiting => "ABORT",
            _ => "COMPLETE",
        },
        at,
        run,
        account,
        codeVersion);

    /// <summary>The event's kind: START, COMPLETE, FAIL or ABORT.</summary>
    public static string TypeOf(JsonObject lineageEvent) => lineageEvent["eventType"]!.GetValue<string>();

    /// <summary>The UUID of an attempt, as OpenLineage asks for one: a version 8 UUID made of a hash, the same wherever it is computed.</summary>
    public static Guid RunUuid(string pipeline, string runId, int attempt)
    {
        byte[] bytes = SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{pipeline}\n{runId}\n{attempt}")))[..16];
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x80);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }

    private static JsonObject Event(string type, DateTimeOffset at, Run run, string account, string codeVersion) => new()
    {
        ["eventType"] = type,
        ["eventTime"] = at.UtcDateTime.ToString("O", CultureInfo.InvariantCulture),
        ["producer"] = Producer,
        ["schemaURL"] = RunEventSchema,
        ["run"] = new JsonObject { ["runId"] = RunUuid(run.Pipeline, run.Id, run.Attempt).ToString(), ["facets"] = RunFacets(type, run, codeVersion) },
        ["job"] = new JsonObject
        {
            ["namespace"] = JobNamespace,
            ["name"] = JobName(run.Pipeline, run.Kind),
            ["facets"] = new JsonObject
            {
                ["jobType"] = Facet("2-0-3/JobTypeJobFacet.json#/$defs/JobTypeJobFacet", ("processingType", "BATCH"), ("integration", "SERVERLESS_MLOPS"), ("jobType", run.Kind.ToString().ToUpperInvariant())),
            },
        },
        ["inputs"] = new JsonArray([.. run.Inputs.Select(i => Dataset(i, run.Pipeline, account)).OfType<JsonNode>()]),
        ["outputs"] = new JsonArray([.. run.Outputs.Select(o => Dataset(o, run.Pipeline, account)).OfType<JsonNode>()]),
    };

    private static string JobName(string pipeline, RunKind kind) => $"{pipeline}.{kind.ToString().ToLowerInvariant()}";

    private static JsonObject RunFacets(string type, Run run, string codeVersion)
    {
        var facets = new JsonObject
        {
            ["processing_engine"] = Facet("1-1-0/ProcessingEngineRunFacet.json#/$defs/ProcessingEngineRunFacet", ("version", codeVersion), ("name", "ServerlessMlops")),
        };
        JsonObject own = Own(("id", run.Id), ("status", run.Status.ToString().ToLowerInvariant()), ("stage", run.Stage), ("reason", run.Reason));
        own["attempt"] = run.Attempt;
        foreach (RunArtifact fact in run.Inputs.Concat(run.Outputs).Where(a => a.Kind is "request" or "seed" or "code" or "spec" or "version" or "decision"))
        {
            own[fact.Kind] = fact.Id;
        }

        facets["serverlessMlops_run"] = own;
        if (type == "FAIL")
        {
            facets["errorMessage"] = Facet("1-0-0/ErrorMessageRunFacet.json#/$defs/ErrorMessageRunFacet", ("message", run.Reason ?? "no reason is known"), ("programmingLanguage", "C#"));
        }

        // A rollout or an approval follows from the training that it names.
        if (run.Kind is RunKind.Rollout or RunKind.Approval && run.Inputs.FirstOrDefault(i => i.Kind == "run") is { } parent)
        {
            JsonObject facet = Facet("1-0-0/ParentRunFacet.json#/$defs/ParentRunFacet");
            facet["run"] = new JsonObject { ["runId"] = RunUuid(run.Pipeline, parent.Id, 1).ToString() };
            facet["job"] = new JsonObject { ["namespace"] = JobNamespace, ["name"] = JobName(run.Pipeline, RunKind.Training) };
            facets["parent"] = facet;
        }

        return facets;
    }

    /// <summary>The data set that an artifact is, named as OpenLineage names blobs; null for what is no data.</summary>
    private static JsonObject? Dataset(RunArtifact artifact, string pipeline, string account)
    {
        (string Container, string Name, string? Version)? place = artifact.Kind switch
        {
            "upload" => ("uploads", artifact.Id, artifact.Detail),
            "batch" => ("datasets", $"{pipeline}/batches/{artifact.Id}", artifact.Id),
            "dataset" => ("datasets", $"{pipeline}/{artifact.Id}/manifest.json", artifact.Id),
            "spec" => ("pipelines", $"{pipeline}/specs/{artifact.Id}.yaml", artifact.Id),
            "version" => ("models", $"{pipeline}/{artifact.Id}/model.onnx", artifact.Id),
            "scoring" => ("scoring", artifact.Id, artifact.Detail),
            "answer" => ("scoring", artifact.Id["scoring/".Length..], null),
            "search" => ("models", artifact.Id["models/".Length..], null),
            _ => null,
        };
        if (place is not { } at)
        {
            return null;
        }

        var dataset = new JsonObject { ["namespace"] = $"wasbs://{at.Container}@{account}.blob.core.windows.net", ["name"] = at.Name };
        if (at.Version is { } version)
        {
            dataset["facets"] = new JsonObject { ["version"] = Facet("1-0-0/DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet", ("datasetVersion", version)) };
        }

        return dataset;
    }

    private static JsonObject Facet(string schema, params (string Key, string? Value)[] fields) => Facet(new Uri(Facets + schema), fields);

    /// <summary>What has no facet of its own in the standard: the standard's own schema of any facet holds.</summary>
    private static JsonObject Own(params (string Key, string? Value)[] fields) => Facet(new Uri("https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunFacet"), fields);

    private static JsonObject Facet(Uri schema, (string Key, string? Value)[] fields)
    {
        var facet = new JsonObject { ["_producer"] = Producer, ["_schemaURL"] = schema.ToString() };
        foreach ((string key, string? value) in fields)
        {
            if (value is not null)
            {
                facet[key] = value;
            }
        }

        return facet;
    }
}

using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Core.Tests.Pipelines;

public class PipelineSpecSchemaTests
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>To bring the file up to date, run this test with UPDATE_SCHEMA=1.</summary>
    [Fact]
    public void Generate_FromTheRecords_EqualsTheFileInTheRepository()
    {
        string schema = Generate().ToJsonString(Readable) + "\n";
        string path = Path.Combine(RepositoryRoot(), "src", "ServerlessMlops.Core", "Pipelines", "pipeline.schema.json");
        if (Environment.GetEnvironmentVariable("UPDATE_SCHEMA") == "1")
        {
            File.WriteAllText(path, schema);
        }

        File.ReadAllText(path).ReplaceLineEndings("\n").ShouldBe(schema, "pipeline.schema.json is stale: run this test with UPDATE_SCHEMA=1 and commit the file.");
    }

    [Fact]
    public void Generate_EveryKey_HasADescription()
    {
        static void Check(JsonNode node, string path)
        {
            if (node["properties"] is JsonObject properties)
            {
                foreach (var (key, value) in properties)
                {
                    ((string?)value!["description"]).ShouldNotBeNullOrEmpty($"{path}.{key}");
                    Check(value, $"{path}.{key}");
                }
            }
        }

        Check(Generate(), "");
    }

    private static JsonObject Generate() => PipelineSpecSchema.Generate(XDocument.Load(Path.ChangeExtension(typeof(PipelineSpec).Assembly.Location, ".xml")));

    private static string RepositoryRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "ServerlessMlops.sln")))
        {
            folder = folder.Parent;
        }

        return folder.FullName;
    }
}

using System.CommandLine;
using ServerlessMlops.Cli.ControlPlane;
using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Cli.Commands;

/// <summary>The option that names a pipeline; checked before anything is sent.</summary>
internal static class PipelineOption
{
    private const int MostNamed = 20;

    /// <summary>A new option for one command.</summary>
    public static Option<string> Create()
    {
        var option = new Option<string>("--pipeline", "-p") { Description = "Name of the pipeline.", Required = true };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is { } name && !PipelineName.IsValid(name) && name != PipelineName.Unassigned)
            {
                result.AddError(PipelineName.Refusal(name));
            }
        });
        return option;
    }

    /// <summary>Where nothing was found: whether that is because the name is misspelt. A pipeline that nobody knows has no alerts either, and to hear that all is well would be misleading.</summary>
    public static async Task RequireKnownAsync(ControlPlaneClient client, string pipeline, CancellationToken cancellation)
    {
        if (pipeline == PipelineName.Unassigned)
        {
            return;
        }

        string[] known = await client.ListPipelinesAsync(cancellation);
        if (!known.Contains(pipeline))
        {
            string hint = Spelling.DidYouMean(pipeline, known);
            string others = known.Length == 0 ? "There is none yet; a spec at PUT /api/pipelines/NAME makes one." : $"Those there are: {string.Join(", ", known.Take(MostNamed))}{(known.Length > MostNamed ? " ..." : "")}.";
            throw CliException.Failed($"There is no pipeline '{pipeline}'.{hint} {others}");
        }
    }
}

using System.CommandLine;
using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Cli.Commands;

/// <summary>The option that names a pipeline; checked before anything is sent.</summary>
internal static class PipelineOption
{
    /// <summary>A new option for one command.</summary>
    public static Option<string> Create()
    {
        var option = new Option<string>("--pipeline", "-p") { Description = "Name of the pipeline.", Required = true };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is { } name && !PipelineName.IsValid(name) && name != PipelineName.Unassigned)
            {
                result.AddError($"'{name}' cannot name a pipeline: expected {PipelineName.Rule}.");
            }
        });
        return option;
    }
}

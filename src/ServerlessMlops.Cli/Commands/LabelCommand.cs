using System.CommandLine;
using ServerlessMlops.Cli.Output;
using ServerlessMlops.Cli.Storage;

namespace ServerlessMlops.Cli.Commands;

/// <summary><c>mlops label FILE --pipeline P</c>: drops ground truth where the app joins it with what was predicted.</summary>
internal static class LabelCommand
{
    public static Command Create(GlobalOptions options, CliContext context)
    {
        var file = new Argument<string>("file") { Description = "CSV or JSON Lines with a column 'inferenceId' or the pipeline's key, one named as the target, and optionally 'labelledAt'." };
        Option<string> pipeline = PipelineOption.Create();
        var name = new Option<string?>("--name") { Description = "Its name under the pipeline, sub-folders allowed. Default: that of the file." };
        var command = new Command("label", "Tell what came true: labels are joined with the predictions they belong to; late, twice or corrected is fine.") { file, pipeline, name };
        command.SetAction(async (parsed, cancellation) =>
        {
            var reporter = new Reporter(context, parsed.GetValue(options.Json));
            UploadContainer labels = options.CreateUploads(parsed, context, UploadContainer.Labels);
            string path = Path.GetFullPath(parsed.GetValue(file)!, context.WorkingDirectory);
            UploadResult result = await reporter.StepAsync("Label", async progress =>
            {
                UploadResult uploaded = await PushCommand.PushAsync(
                    labels, path, parsed.GetValue(pipeline)!, parsed.GetValue(name), force: false, progress, cancellation);
                return (uploaded, PushCommand.Describe(uploaded, UploadContainer.Labels));
            });
            if (reporter.IsJson)
            {
                reporter.Facts(result);
            }

            reporter.Say($"[grey]What they joined with: mlops runs --pipeline {parsed.GetValue(pipeline)}[/]");
            return ExitCode.Success;
        });
        return command;
    }
}

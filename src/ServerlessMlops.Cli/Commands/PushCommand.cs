using System.CommandLine;
using ServerlessMlops.Cli.Output;
using ServerlessMlops.Cli.Storage;

namespace ServerlessMlops.Cli.Commands;

/// <summary><c>mlops push FILE --pipeline P</c>: drops a file where the pipeline picks it up.</summary>
internal static class PushCommand
{
    public static Command Create(GlobalOptions options, CliContext context)
    {
        var file = new Argument<string>("file") { Description = "The file to upload." };
        Option<string> pipeline = PipelineOption.Create();
        var name = new Option<string?>("--name") { Description = "Its name under the pipeline, sub-folders allowed. Default: that of the file." };
        var force = new Option<bool>("--force") { Description = "Upload also where a blob of the same content is there; it counts as a new arrival." };
        var command = new Command("push", "Upload a file to a pipeline; the app then checks it and trains on it.") { file, pipeline, name, force };
        command.SetAction(async (parsed, cancellation) =>
        {
            var reporter = new Reporter(context, parsed.GetValue(options.Json));
            UploadContainer uploads = options.CreateUploads(parsed, context);
            string path = Path.GetFullPath(parsed.GetValue(file)!, context.WorkingDirectory);
            UploadResult result = await reporter.StepAsync("Upload", async progress =>
            {
                UploadResult uploaded = await PushAsync(
                    uploads, path, parsed.GetValue(pipeline)!, parsed.GetValue(name), parsed.GetValue(force), progress, cancellation);
                return (uploaded, Describe(uploaded, uploads.Container));
            });
            if (reporter.IsJson)
            {
                reporter.Facts(result);
            }

            reporter.Say($"[grey]Follow it with: mlops watch --pipeline {parsed.GetValue(pipeline)}[/]");
            return ExitCode.Success;
        });
        return command;
    }

    /// <summary>Uploads with progress.</summary>
    internal static Task<UploadResult> PushAsync(
        UploadContainer uploads, string file, string pipeline, string? name, bool force, IStepProgress progress, CancellationToken cancellation)
    {
        return uploads.PushAsync(file, pipeline, name ?? Path.GetFileName(file), force, Sent(file, progress), cancellation);
    }

    /// <summary>Tells how much of a file was sent.</summary>
    /// <exception cref="CliException">There is no such file.</exception>
    internal static IProgress<long> Sent(string file, IStepProgress progress)
    {
        NamedFile.Require(file);
        long size = new FileInfo(file).Length;
        return new ActionProgress(bytes => progress.Amount($"{Format.Bytes(bytes)} of {Format.Bytes(size)} ({(size == 0 ? 100 : bytes * 100 / size)}%)"));
    }

    /// <summary>What became of it, in words.</summary>
    internal static string Describe(UploadResult result, string container = UploadContainer.Name) => result.Uploaded
        ? $"{container}/{result.Path} ({Format.Bytes(result.Bytes)})"
        : $"{container}/{result.Path} holds the same content already; nothing was written";

    /// <summary>Reports on the calling thread; the library's own class would post to a thread pool, out of order.</summary>
    private sealed class ActionProgress(Action<long> report) : IProgress<long>
    {
        public void Report(long value) => report(value);
    }
}

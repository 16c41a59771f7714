using System.CommandLine;
using ServerlessMlops.Cli.ControlPlane;
using ServerlessMlops.Cli.Demo;
using ServerlessMlops.Cli.Output;
using ServerlessMlops.Cli.Storage;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Runs;
using Spectre.Console;

namespace ServerlessMlops.Cli.Commands;

/// <summary>
/// <c>mlops upload FILE --pipeline P</c>: drops a file by a link that the app signs, for people who have no role on the storage account; <c>--link</c> prints the link for
/// somebody else.
/// </summary>
internal static class UploadCommand
{
    private static readonly TimeSpan LongestFollow = TimeSpan.FromMinutes(30);

    public static Command Create(GlobalOptions options, CliContext context)
    {
        var file = new Argument<string>("file") { Description = "The file to upload; with --link its name is enough." };
        Option<string> pipeline = PipelineOption.Create();
        var name = new Option<string?>("--name") { Description = "Its name under the pipeline, sub-folders allowed. Default: that of the file." };
        var minutes = new Option<int>("--minutes") { Description = "How long the link opens, 1 to 1440. Default: 60.", DefaultValueFactory = _ => 60 };
        var link = new Option<bool>("--link") { Description = "Upload nothing; print the link, to be given to somebody. Whoever has it may create that one file." };
        var follow = new Option<bool>("--follow") { Description = "Wait until the app has taken the file in, and tell what became of it." };
        var command = new Command("upload", "Upload a file by a link that the app signs: needs no role on the storage account, creates one new file, overwrites none.") { file, pipeline, name, minutes, link, follow };
        command.SetAction(async (parsed, cancellation) =>
        {
            var reporter = new Reporter(context, parsed.GetValue(options.Json));
            using ControlPlaneClient client = options.CreateClient(parsed, context);
            string path = Path.GetFullPath(parsed.GetValue(file)!, context.WorkingDirectory);
            string target = parsed.GetValue(pipeline)!;
            string blob = parsed.GetValue(name) ?? Path.GetFileName(path);
            UploadContainer.PathOf(target, blob);
            if (parsed.GetValue(link))
            {
                Print(reporter, await client.CreateUploadLinkAsync(target, blob, parsed.GetValue(minutes), cancellation), path);
                return ExitCode.Success;
            }

            (Upload upload, long bytes) = await reporter.StepAsync("Upload", async progress =>
            {
                IProgress<long> sent = PushCommand.Sent(path, progress);
                UploadLinkView given = await client.CreateUploadLinkAsync(target, blob, parsed.GetValue(minutes), cancellation);
                (Upload Upload, long Bytes) done = await LinkedUpload.SendAsync(path, given, sent, context.Time, cancellation);
                return (done, $"{UploadContainer.Name}/{done.Upload.Path} ({Format.Bytes(done.Bytes)})");
            });
            Run? run = parsed.GetValue(follow) ? await FollowAsync(client, target, upload, reporter, context, cancellation) : null;
            if (reporter.IsJson)
            {
                reporter.Facts(new { upload.Path, Uploaded = true, Bytes = bytes, upload.RunId, Run = run });
            }

            reporter.Say($"[grey]Follow what comes of it with: mlops watch --pipeline {target}[/]");
            return ExitCode.Success;
        });
        return command;
    }

    private static void Print(Reporter reporter, UploadLinkView link, string file)
    {
        if (reporter.IsJson)
        {
            reporter.Facts(link);
            return;
        }

        reporter.Say($"Opens {Markup.Escape(UploadContainer.Name + "/" + link.Path)} for being created, until {link.ExpiresAt.UtcDateTime:u}. Give it only to whom you mean to:");

        // One line whatever the width of the terminal: it is to be copied.
        string quoted = Path.GetFileName(file).Replace("'", "'\\''", StringComparison.Ordinal);
        reporter.Console.Profile.Out.Writer.WriteLine($"curl -fsS -X PUT -H 'x-ms-blob-type: BlockBlob' -T '{quoted}' '{link.Url.AbsoluteUri}'");
    }

    private static Task<Run> FollowAsync(
        ControlPlaneClient client, string pipeline, Upload upload, Reporter reporter, CliContext context, CancellationToken cancellation) =>
        reporter.StepAsync("Check and keep the data", async progress =>
        {
            var follower = new RunFollower(client, pipeline, LongestFollow, context.Time);
            Run run = await follower.FollowAsync("ingestion", r => r.Id == upload.RunId, progress, cancellation);
            return (run, run.Outputs.FirstOrDefault(output => output.Kind == "batch") is { } batch ? $"batch {Format.Id(batch.Id)}: {batch.Detail}" : run.Stage);
        });
}

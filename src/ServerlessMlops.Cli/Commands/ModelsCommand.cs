using System.CommandLine;
using ServerlessMlops.Cli.ControlPlane;
using ServerlessMlops.Cli.Output;
using ServerlessMlops.Core;
using Spectre.Console;

namespace ServerlessMlops.Cli.Commands;

/// <summary><c>mlops models --pipeline P [--version N]</c>: the versions of a pipeline, and which one serves; or what one version was judged by.</summary>
internal static class ModelsCommand
{
    public static Command Create(GlobalOptions options, CliContext context)
    {
        Option<string> pipeline = PipelineOption.Create();
        var next = new Option<string?>("--next") { Description = "Continue a listing, with what the page before named." };
        var version = new Option<int?>("--version") { Description = "Show what this version was judged by: metrics, gates, tests." };
        var command = new Command("models", "List the model versions of a pipeline, newest first.") { pipeline, next, version };
        command.SetAction(async (parsed, cancellation) =>
        {
            var reporter = new Reporter(context, parsed.GetValue(options.Json));
            using ControlPlaneClient client = options.CreateClient(parsed, context);
            string name = parsed.GetValue(pipeline)!;
            if (parsed.GetValue(version) is { } one)
            {
                ModelJudgementText.Show(reporter, one, await client.GetModelAsync(name, one, cancellation));
                return ExitCode.Success;
            }

            Page<ModelItem> page = await client.ListModelsAsync(name, parsed.GetValue(next), cancellation);
            DeploymentView deployment = await client.GetDeploymentAsync(name, cancellation);
            if (reporter.IsJson)
            {
                reporter.Facts(new { page.Items, page.Next, deployment.Live });
                return ExitCode.Success;
            }

            if (page.Items.Count == 0)
            {
                if (parsed.GetValue(next) is null)
                {
                    await PipelineOption.RequireKnownAsync(client, name, cancellation);
                }

                reporter.Say($"Pipeline '{name}' has no model versions yet.");
                return ExitCode.Success;
            }

            reporter.Console.Write(ListingOf(page.Items, deployment));
            if (page.Next is not null)
            {
                reporter.Command($"[grey]There are more: mlops models --pipeline {name} --next {Markup.Escape(page.Next)}[/]");
            }

            return ExitCode.Success;
        });
        return command;
    }

    private static Listing ListingOf(IReadOnlyList<ModelItem> models, DeploymentView deployment)
    {
        var listing = new Listing(["Version", "Registered", "Candidate", "Names"], ["Metrics", "Model", "Data set"]);
        foreach (ModelItem model in models)
        {
            string[] names = model.Version == deployment.Live?.Version ? ["serves", .. model.Aliases] : [.. model.Aliases];
            listing.Add(
                model.Version.ToString(),
                Format.Time(model.CreatedAt),
                Markup.Escape(model.Candidate ?? ""),
                names.Length == 0 ? "" : $"[green]{Markup.Escape(string.Join(", ", names))}[/]",
                Markup.Escape(string.Join("  ", model.Metrics.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => $"{m.Key} {Format.Metric(m.Value)}"))),
                Format.Id(model.ModelId),
                Format.Id(model.DatasetId));
        }

        return listing;
    }
}

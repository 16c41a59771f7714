using System.CommandLine;
using System.Text.Json;
using ServerlessMlops.Cli.ControlPlane;
using ServerlessMlops.Cli.Output;
using ServerlessMlops.Cli.Scoring;
using Spectre.Console;

namespace ServerlessMlops.Cli.Commands;

/// <summary><c>mlops score FILE --pipeline P</c>: sends rows of a CSV file to the live model over HTTP.</summary>
internal static class ScoreCommand
{
    private const int MostRows = 10_000;

    public static Command Create(GlobalOptions options, CliContext context)
    {
        var file = new Argument<string>("file") { Description = "A CSV file with a header." };
        Option<string> pipeline = PipelineOption.Create();
        var rows = new Option<int>("--rows", "-n") { Description = $"How many rows to send, 1 to {MostRows}.", DefaultValueFactory = _ => 10 };
        var skip = new Option<int>("--skip") { Description = "Rows to leave out at the beginning.", DefaultValueFactory = _ => 0 };
        var version = new Option<string?>("--version") { Description = "A version or an alias, such as challenger, that shall answer. Default: what serves." };
        rows.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > MostRows)
            {
                result.AddError($"--rows is {result.GetValueOrDefault<int>()}; expected 1 to {MostRows}. Drop larger files into the scoring container.");
            }
        });
        var command = new Command("score", "Score rows of a CSV file by the model that serves.") { file, pipeline, rows, skip, version };
        command.SetAction(async (parsed, cancellation) =>
        {
            var reporter = new Reporter(context, parsed.GetValue(options.Json));
            using ControlPlaneClient client = options.CreateClient(parsed, context);
            string path = Path.GetFullPath(parsed.GetValue(file)!, context.WorkingDirectory);
            ScoredRows scored = await RowScorer.ScoreAsync(
                client, parsed.GetValue(pipeline)!, parsed.GetValue(version), path, parsed.GetValue(skip), parsed.GetValue(rows), cancellation);
            if (reporter.IsJson)
            {
                reporter.Facts(scored.Answer);
            }
            else
            {
                reporter.Console.Write(TableOf(scored));
            }

            return ExitCode.Success;
        });
        return command;
    }

    private static Table TableOf(ScoredRows scored)
    {
        var table = new Table().Border(TableBorder.Simple);
        table.AddColumn(scored.KeyName ?? "Row");
        table.AddColumn("Prediction");
        table.AddColumn("Inference id");
        foreach ((string key, JsonElement prediction) in scored.Keys.Zip(scored.Answer.Predictions))
        {
            table.AddRow(Markup.Escape(key), Markup.Escape(PredictionText.Of(prediction)), Markup.Escape(PredictionText.InferenceId(prediction)));
        }

        return table;
    }
}

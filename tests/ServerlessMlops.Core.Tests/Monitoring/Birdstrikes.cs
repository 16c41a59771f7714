using System.Text;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Evaluation;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Monitoring.Performance;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Data.Reading;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Metrics;
using ServerlessMlops.Learners.Onnx;

namespace ServerlessMlops.Core.Tests.Monitoring;

/// <summary>The sample: a model of its first years, and the quarters after them as live traffic whose truth is known.</summary>
internal sealed class Birdstrikes
{
    private readonly ColumnTable _table;
    private readonly PipelineSpec _spec;

    private Birdstrikes(ColumnTable table, PipelineSpec spec, ModelCard card, ScoringModel model)
    {
        _table = table;
        _spec = spec;
        Card = card;
        Model = model;
    }

    public ModelCard Card { get; }

    public ScoringModel Model { get; }

    /// <summary>Learns of the flights before 1998, the last fifth of them held out.</summary>
    public static async Task<Birdstrikes> LearnAsync(string target, LearningTask task, string learner)
    {
        var spec = new PipelineSpec { Target = target, Task = task, Key = "strike_id", Time = "flight_date" };
        ColumnTable table = await ReadAsync();
        TrainingData data = TrainingData.Prepare(Between(table, new DateTime(1990, 1, 1), new DateTime(1998, 1, 1)), spec, SplitRule.For(spec));
        TrainedModel trained = Learner.Train(Candidates.OptionsOf(learner, null)!, data.Train.Features, data.Train.Labels, task, data.Classes);
        ScoringModel model = OnnxModel.Load(OnnxWriter.Write(trained));
        float[] outputs = ModelScorer.Score(model, data.Holdout.Features);
        ModelCard card = Cards.With(
            [.. data.Train.Features.Features.Select(f => f switch
            {
                NumericFeature number => ReferenceGroups.FromNumbers(number.Name, number.Values),
                CategoricalFeature category => ReferenceGroups.FromCategories(category.Name, category.Codes, category.Categories),
                _ => throw new InvalidOperationException(f.Name),
            })],
            ReferenceGroups.FromNumbers("output", ModelScorer.Summary(outputs, model.OutputCount, task)),
            [.. model.Inputs.Select(i => new FeatureSignature(i.Name, i.Kind == InputKind.Number ? FeatureKind.Number : FeatureKind.Category) { Categories = i.Categories })],
            data.Train.Features.Rows,
            task) with
        {
            Classes = data.Classes,
            HoldoutRows = data.Holdout.Features.Rows,
            Metrics = Candidates.Finite(Metric.Evaluate(task, data.Classes.Count, data.Holdout.Labels, outputs)),
        };
        return new Birdstrikes(table, spec, card with { Estimation = EstimationReference.Of(card, data.Holdout.Features, data.Holdout.Labels, outputs, model.OutputCount) }, model);
    }

    /// <summary>The flights of a quarter: what scorers would have counted, and the model's metrics by the truth.</summary>
    public (WindowSums Window, IReadOnlyDictionary<string, double> Truth) Quarter(int year, int quarter)
    {
        var from = new DateTime(year, (3 * quarter) - 2, 1);
        ColumnTable rows = Between(_table, from, from.AddMonths(3));
        Column target = rows[_spec.Target];
        rows = rows.Take([.. Enumerable.Range(0, rows.RowCount).Where(row => !target.IsMissing(row))]);
        FeatureTable features = TrainingFeatures.Of(rows, [.. Card.Inputs.Select(i => i.Name)]);
        float[] outputs = ModelScorer.Score(Model, features);
        var counter = new WindowCounter(Card, 1, "i");
        for (int row = 0; row < features.Rows; row++)
        {
            for (int i = 0; i < features.Features.Count; i++)
            {
                switch (features.Features[i])
                {
                    case NumericFeature number:
                        counter.CountNumber(i, number.Values[row]);
                        break;
                    case CategoricalFeature category:
                        int code = category.Codes[row];
                        int known = code < 0 ? WindowCounter.MissingCategory : Card.Inputs[i].Categories.ToList().IndexOf(category.Categories[code]);
                        counter.CountCategory(i, code >= 0 && known < 0 ? WindowCounter.UnknownCategory : known);
                        break;
                }
            }

            counter.CountOutput(outputs[((row + 1) * Model.OutputCount) - 1]);
        }

        float[] labels = [.. Enumerable.Range(0, rows.RowCount).Select(row => rows[_spec.Target] switch
        {
            BooleanColumn boolean => boolean.Values[row],
            IntegerColumn integer => integer.Values[row],
            NumberColumn number => (float)number.Values[row],
            _ => throw new InvalidOperationException(_spec.Target),
        })];
        return (counter.TakeSnapshot(default)!.Sums, Metric.Evaluate(Card.Task, Card.Classes.Count, labels, outputs));
    }

    private static ColumnTable Between(ColumnTable table, DateTime from, DateTime until)
    {
        var times = (TimestampColumn)table["flight_date"];
        return table.Take([.. Enumerable.Range(0, table.RowCount).Where(row => TimestampColumn.ToInstant(times.Values[row]).UtcDateTime is var at && at >= from && at < until)]);
    }

    private static async Task<ColumnTable> ReadAsync()
    {
        var lines = new List<string>();
        foreach (string name in typeof(Birdstrikes).Assembly.GetManifestResourceNames().Where(n => n.StartsWith("birdstrikes/uploads/", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            lines.AddRange(LinesOf(name).Skip(lines.Count == 0 ? 0 : 1));
        }

        // The months that are held back: rows to score, and their truth.
        var truth = LinesOf("birdstrikes/labels/2002-05-to-07.csv").Skip(1).Select(line => line.Split(',')).ToDictionary(pair => pair[0], pair => pair[1]);
        lines.AddRange(LinesOf("birdstrikes/scoring/2002-05-to-07.csv").Skip(1).Select(line => $"{line},{truth[line.Split(',')[0]]}"));
        using var all = new MemoryStream(Encoding.UTF8.GetBytes(string.Join('\n', lines)));
        await using TableReader table = await TableReader.OpenAsync(all, new TableReaderOptions { Name = "birdstrikes.csv" }, default);
        string[] categories = ["aircraft", "operator"];
        var schema = new TableSchema([.. table.Columns.Select(c => categories.Contains(c.Schema.Name) ? new ColumnSchema(c.Schema.Name, ColumnType.Category) : c.Schema)]);
        await foreach (RowGroup group in table.ReadAsync(new ReadPlan { Schema = schema }, default))
        {
            return group.Table; // a megabyte: one group
        }

        throw new InvalidOperationException("The sample has no rows.");
    }

    private static string[] LinesOf(string resource)
    {
        using var reader = new StreamReader(typeof(Birdstrikes).Assembly.GetManifestResourceStream(resource)!);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }
}

using ServerlessMlops.Core.Evaluation;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Monitoring.Attribution;
using ServerlessMlops.Core.Monitoring.Performance;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Metrics;
using ServerlessMlops.Learners.Onnx;

namespace ServerlessMlops.Functions.Tests.Monitoring;

/// <summary>Requests of one day or more, and what came true.</summary>
internal sealed class SimulatedRows
{
    public List<float> Temperature { get; } = [];

    public List<float> Pressure { get; } = [];

    public List<float> Load { get; } = [];

    public List<int> Site { get; } = [];

    public List<bool> Failed { get; } = [];

    public int Count => Failed.Count;

    public void Add(SimulatedRows other, IEnumerable<int> rows)
    {
        foreach (int row in rows)
        {
            Temperature.Add(other.Temperature[row]);
            Pressure.Add(other.Pressure[row]);
            Load.Add(other.Load[row]);
            Site.Add(other.Site[row]);
            Failed.Add(other.Failed[row]);
        }
    }

    public FeatureTable Features() => new(
    [
        new NumericFeature("temperature", [.. Temperature]), new NumericFeature("pressure", [.. Pressure]), new NumericFeature("load", [.. Load]),
        new CategoricalFeature("site", [.. Site], ["north", "south", "west"]),
    ]);
}

/// <summary>
/// Pumps that fail by load, pressure and site. The temperature follows the seasons and matters little. In March the pressure's sensor breaks for a week; on 20 May load
/// begins to mean the contrary; in August nobody asks for a week; labels take three days, but those of October come with November.
/// </summary>
internal sealed class SimulatedWorld
{
    public const int Days = 365;
    public const int RowsADay = 800;

    public static readonly DateTimeOffset Begin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    public static readonly DateTimeOffset SensorBreaks = Day(3, 10), SensorIsRepaired = Day(3, 17);
    public static readonly DateTimeOffset ConceptShifts = Day(5, 20);
    public static readonly DateTimeOffset TrafficStops = Day(8, 10), TrafficResumes = Day(8, 17);
    public static readonly DateTimeOffset LabelsStop = Day(9, 27), LabelsResume = Day(11, 1);

    // Days before the year are what the first model is learned of.
    private readonly Dictionary<int, SimulatedRows> _days = [];

    /// <summary>How long the labels of a day take.</summary>
    public static TimeSpan DelayOf(int day) => Begin.AddDays(day + 3) >= LabelsStop && Begin.AddDays(day + 3) < LabelsResume ? LabelsResume - Begin.AddDays(day) : TimeSpan.FromDays(3);

    public SimulatedRows RowsOf(int day)
    {
        if (_days.TryGetValue(day, out SimulatedRows? known))
        {
            return known;
        }

        var random = new Random(20260000 + day);
        DateTimeOffset at = Begin.AddDays(day);
        var rows = new SimulatedRows();
        int count = at >= TrafficStops && at < TrafficResumes ? 0 : RowsADay;
        for (int i = 0; i < count; i++)
        {
            double temperature = 10 - (12 * Math.Cos(2 * Math.PI * day / 365.0)) + (5 * Normal(random));
            double pressure = Normal(random), load = random.NextDouble();
            int site = random.Next(100) switch { < 50 => 0, < 80 => 1, _ => 2 };
            double slope = at >= ConceptShifts ? -5 : 5;
            double logit = -0.5 + (slope * (load - 0.5)) + (0.8 * pressure) + (site == 2 ? 1 : 0) + (0.01 * temperature);
            rows.Temperature.Add((float)temperature);
            rows.Pressure.Add(at >= SensorBreaks && at < SensorIsRepaired && random.NextDouble() < 0.4 ? float.NaN : (float)pressure);
            rows.Load.Add((float)load);
            rows.Site.Add(site);
            rows.Failed.Add(random.NextDouble() < 1 / (1 + Math.Exp(-logit)));
        }

        return _days[day] = rows;
    }

    /// <summary>The rows of the 21 newest days whose labels are known.</summary>
    public SimulatedRows LabelledBy(DateTimeOffset now)
    {
        var rows = new SimulatedRows();
        int today = (int)(now - Begin).TotalDays;
        foreach (int day in Enumerable.Range(today - 90, 90).Where(day => Begin.AddDays(day) + DelayOf(day) < now && RowsOf(day).Count > 0).TakeLast(21))
        {
            rows.Add(RowsOf(day), Enumerable.Range(0, RowsOf(day).Count));
        }

        return rows;
    }

    private static DateTimeOffset Day(int month, int day) => new(2026, month, day, 0, 0, 0, TimeSpan.Zero);

    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}

/// <summary>A linear model of some rows, the newest fifth of them held out, with the card that a training gives it.</summary>
internal sealed record LearnedModel(ModelCard Card, ScoringModel Model, byte[] Onnx, SimulatedRows Holdout)
{
    public static LearnedModel Of(SimulatedRows rows, string pipeline, string runId)
    {
        SimulatedRows train = new(), holdout = new();
        train.Add(rows, Enumerable.Range(0, rows.Count * 4 / 5));
        holdout.Add(rows, Enumerable.Range(rows.Count * 4 / 5, rows.Count - (rows.Count * 4 / 5)));
        FeatureTable features = train.Features(), held = holdout.Features();
        byte[] onnx = OnnxWriter.Write(Learner.Train(Candidates.OptionsOf(LearnerOptions.Linear, null)!, features, Labels(train), LearningTask.Binary, ["no", "yes"]));
        ScoringModel model = OnnxModel.Load(onnx);
        float[] outputs = ModelScorer.Score(model, held);
        var card = new ModelCard
        {
            Pipeline = pipeline,
            ModelId = Core.ContentAddress.Of(onnx),
            Task = LearningTask.Binary,
            Target = "failed",
            Candidate = "linear",
            Inputs = [.. model.Inputs.Select(i => new FeatureSignature(i.Name, i.Kind == InputKind.Number ? FeatureKind.Number : FeatureKind.Category) { Categories = i.Categories })],
            Classes = ["no", "yes"],
            Metrics = Candidates.Finite(Metric.Evaluate(LearningTask.Binary, 2, Labels(holdout), outputs)),
            Candidates = [],
            Gates = [],
            DatasetId = runId,
            SpecHash = "spec",
            RunId = runId,
            Seed = Candidates.Seed,
            TrainRows = train.Count,
            HoldoutRows = holdout.Count,
            Reference = [.. features.Features.Select(f => f is CategoricalFeature c ? ReferenceGroups.FromCategories(c.Name, c.Codes, c.Categories) : ReferenceGroups.FromNumbers(f.Name, ((NumericFeature)f).Values))],
            OutputReference = ReferenceGroups.FromNumbers("output", outputs),
        };
        card = card with { Estimation = EstimationReference.Of(card, held, Labels(holdout), outputs, 1), Attributions = ShapleySampler.Explain(card, model, held) };
        return new LearnedModel(card, model, onnx, holdout);
    }

    public float[] Score(FeatureTable rows) => ModelScorer.Score(Model, rows);

    public double AucOn(SimulatedRows rows) => RankingMetrics.Auc(Labels(rows), Score(rows.Features()), null);

    /// <summary>What scorers count of some of the rows.</summary>
    public WindowSums Count(SimulatedRows rows, float[] outputs, IEnumerable<int> which)
    {
        var counter = new WindowCounter(Card, 1, "i");
        foreach (int row in which)
        {
            counter.CountNumber(0, rows.Temperature[row]);
            counter.CountNumber(1, rows.Pressure[row]);
            counter.CountNumber(2, rows.Load[row]);
            counter.CountCategory(3, rows.Site[row]);
            counter.CountOutput(outputs[row]);
            counter.CountRequest(TimeSpan.FromMilliseconds(2), 200);
        }

        return counter.TakeSnapshot(SimulatedWorld.Begin)?.Sums ?? WindowSums.Empty(Card);
    }

    private static float[] Labels(SimulatedRows rows) => [.. rows.Failed.Select(failed => failed ? 1f : 0f)];
}

using System.Globalization;
using ServerlessMlops.Core.Evaluation;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Metrics;
using static ServerlessMlops.Core.Registry.Cards.CardFigures;

namespace ServerlessMlops.Core.Registry.Cards;

/// <summary>What a card is made of: <c>model.json</c>, the registry's row, and what is known of the training.</summary>
/// <param name="Card">The card as data.</param>
/// <param name="Version">The registry's row.</param>
/// <param name="Aliases">Names of the version.</param>
/// <param name="Run">The training run, or null where it is not known.</param>
/// <param name="Search">Its search, or null where it made none.</param>
public sealed record CardSources(ModelCard Card, ModelVersion Version, IReadOnlyList<string> Aliases, Run? Run, SearchRecord? Search);

/// <summary>The content of a model card for people: what it does, how good it is, what it was held against, what it takes, where it comes from, what to mind.</summary>
public static class CardContent
{
    private const int MostTrials = 10;
    private const int FewRows = 500;

    /// <summary>Puts the card together.</summary>
    public static CardDocument Of(CardSources sources)
    {
        (ModelCard card, ModelVersion version, IReadOnlyList<string> aliases, Run? run, SearchRecord? search) = sources;
        List<CardBlock> blocks =
        [
            new CardHeading("How good is it?"),
            new CardParagraph($"Measured on {Number(card.HoldoutRows)} rows that no candidate learned from."),
            Metrics(card),
            .. Comparison(card),
            new CardHeading("What did it compete with?"),
            Candidates(card),
        ];
        if (search is not null)
        {
            blocks.Add(new CardParagraph($"Settings were searched for: {search.Describe()}."));
            blocks.Add(Trials(search));
        }

        blocks.Add(new CardHeading("What did it have to pass?"));
        blocks.Add(card.Gates.Count == 0
            ? new CardParagraph("The spec names no gates; the best candidate was registered as it was.")
            : new CardTable(["Gate", "Verdict", "Numbers"], [.. card.Gates.Select(g => (CardCell[])[new(g.Gate, CardTone.Id), CardFigures.Of(g.Verdict), g.Reason])]));
        if (card.Tests.Count > 0)
        {
            blocks.Add(new CardTable(["Behavioural test", "Verdict", "Numbers"], [.. card.Tests.Select(t => (CardCell[])[new(t.Test, CardTone.Id), CardFigures.Of(t.Verdict), t.Reason])]));
        }

        if (version.Approval is { } approval)
        {
            blocks.Add(new CardParagraph($"A person was asked: {ApprovalMoves.Describe(approval)}."));
        }

        if (card.Influences.Count > 0)
        {
            blocks.Add(new CardHeading("What does it go by?"));
            blocks.Add(new CardParagraph("How much worse it gets when the values of one input are shuffled among the rows, and the mean output from the input's lowest value to its highest (categories: the most frequent ones)."));
            if (!card.Influences.All(i => i.IsNone()))
            {
                blocks.Add(CardInputs.Influences(card));
            }

            if (InputInfluence.Ignored(card.Influences) is { } ignored)
            {
                blocks.Add(new CardParagraph(ignored));
            }
        }

        blocks.Add(new CardHeading("What does it take, and what does it give?"));
        blocks.Add(CardInputs.Table(card));
        blocks.Add(CardInputs.Output(card));
        blocks.Add(new CardHeading("What should one mind?"));
        blocks.AddRange(Cautions(card).Select(c => new CardParagraph(c)));
        blocks.Add(new CardHeading("Where does it come from?"));
        blocks.Add(Lineage(card, version, run));
        blocks.Add(new CardHeading("Try it"));
        blocks.Add(new CardCode(CardInputs.Example(card)));
        return new CardDocument($"{card.Pipeline}, version {version.Version}", Badges(version, aliases), Summary(card, version), blocks) { Ways = PagePaths.Ways(card.Pipeline) };
    }

    private static List<CardCell> Badges(ModelVersion version, IReadOnlyList<string> aliases) =>
    [
        new(version.Stage.ToString().ToLowerInvariant(), version.Stage == ModelStage.Serving ? CardTone.Good : version.Stage == ModelStage.Deleted ? CardTone.Bad : CardTone.Plain),
        .. aliases.Select(a => new CardCell(a)),
        .. version.Tags.Select(t => new CardCell($"{t.Key}: {t.Value}")),
    ];

    private static string Summary(ModelCard card, ModelVersion version)
    {
        string learned = card.Task switch
        {
            LearningTask.Binary => $"how likely '{card.Target}' is '{card.Classes[1]}'",
            LearningTask.Multiclass => $"which of {card.Classes.Count} classes '{card.Target}' is",
            _ => $"the value of '{card.Target}'",
        };
        return $"A {card.Candidate} model that says {learned}, from {Words.Count(card.Inputs.Count, "input")}. It learned from {Number(card.TrainRows)} rows and was registered {Time(version.CreatedAt)}.";
    }

    private static CardTable Metrics(ModelCard card)
    {
        string first = Metric.Default(card.Task).Name;
        return new CardTable(
            ["Metric", "Value", "95% interval", "What it means"],
            [
                .. card.Metrics.OrderBy(m => m.Key != first).ThenBy(m => m.Key, StringComparer.Ordinal).Select(m => (CardCell[])
                [
                    new(m.Key, CardTone.Id), new(Value(m.Value), Share: IsShare(m.Key) ? m.Value : null), Interval(card.Evaluation?.Metrics.GetValueOrDefault(m.Key)), Meaning(m.Key),
                ]),
            ]);
    }

    /// <summary>Against the version that served, group against group, and where it is weakest.</summary>
    private static IEnumerable<CardBlock> Comparison(ModelCard card)
    {
        if (card.Evaluation is not { } evaluation)
        {
            yield break;
        }

        if (evaluation.Comparison is { } against)
        {
            string outcome = against.Outcome switch
            {
                ComparisonOutcome.Wins => "Better than the version that served",
                ComparisonOutcome.Loses => "Worse than the version that served",
                _ => "Not told apart from the version that served: chance explains the difference",
            };
            yield return new CardParagraph($"{outcome}. On the same rows its {against.Metric} is {Value(against.Challenger)} against {Value(against.Champion)}{Range(against.Gain)}.");
        }

        if (evaluation.WeakestSegment is { } weak)
        {
            yield return new CardParagraph(
                $"It is weakest where {string.Join(" and ", weak.Conditions.Select(c => $"{c.Column} is {c.Group}"))} ({Number(weak.Rows)} rows): a mean loss of {Value(weak.Loss)} there, {Value(weak.LossElsewhere)} elsewhere.");
        }

        if (evaluation.Fairness.Count > 0)
        {
            yield return new CardTable(
                ["Fairness by", "Demographic parity difference", "Equalized odds difference"],
                [.. evaluation.Fairness.Select(f => (CardCell[])[new(f.Column, CardTone.Id), f.Parity?.ToString() ?? "not measured", f.Odds?.ToString() ?? "not measured"])]);
        }

        ModelCosts costs = evaluation.Costs;
        yield return new CardParagraph(
            $"It takes {(costs.Bytes / 1000.0).ToString("N0", CultureInfo.InvariantCulture)} kB"
            + (costs.LatencyP99Ms is { } slow ? $" and answers 99 of 100 requests of one row within {Value(slow)} ms (without network)." : "."));
    }

    private static string Interval(MetricEstimate? estimate) => estimate is { Low: { } low, High: { } high } ? $"{Value(low)}\u00A0to\u00A0{Value(high)}" : "";

    private static string Range(DifferenceEstimate gain) => gain is { Low: { } low, High: { } high } ? $" (a gain of {Value(gain.Value)}, {Value(low)} to {Value(high)})" : "";

    private static CardTable Candidates(ModelCard card)
    {
        string metric = Metric.Default(card.Task).Name;
        string[] shown = [metric, .. card.Candidates.SelectMany(c => c.Metrics.Keys).Distinct().Where(m => m != metric).Order(StringComparer.Ordinal).Take(3)];
        return new CardTable(
            ["Candidate", .. shown, "Training time"],
            [
                .. card.Candidates.Select(c => (CardCell[])
                [
                    c.Name == card.Candidate ? new CardCell($"{c.Name} (this one)", CardTone.Good) : c.Name,
                    .. shown.Select(m => new CardCell(c.Metrics.TryGetValue(m, out double value) ? Value(value) : "")),
                    string.Create(CultureInfo.InvariantCulture, $"{c.Seconds:0.0} s"),
                ]),
            ]);
    }

    private static CardTable Trials(SearchRecord search) => new(
        ["Trial", "Stage", "Rounds", "Learning rate", "Leaves", search.Metric],
        [
            .. search.Results.Where(r => r.Loss is not null).OrderByDescending(r => r.Trial.Rung).ThenBy(r => r.Loss).Take(MostTrials).Select(r => (CardCell[])
            [
                r == search.Best ? new CardCell($"{r.Trial.Number}", CardTone.Good) : $"{r.Trial.Number}",
                $"{r.Trial.Rung + 1}", $"{r.Trial.Options.Iterations}", Value(r.Trial.Options.LearningRate), $"{r.Trial.Options.MaxLeaves}", Value(Math.Abs(r.Loss!.Value)),
            ]),
        ]);

    private static IEnumerable<string> Cautions(ModelCard card)
    {
        if (card.HoldoutRows < FewRows)
        {
            yield return $"The hold-out has only {card.HoldoutRows} rows: the metrics above may be off by more than their digits suggest.";
        }

        string[] sparse = [.. card.Reference.Where(g => Missing(g) > 0.2).Select(g => g.Name)];
        if (sparse.Length > 0)
        {
            yield return $"More than a fifth of the training rows had no value for {string.Join(", ", sparse)}.";
        }

        if (card.Metrics.TryGetValue("ece", out double error) && error > 0.05)
        {
            yield return $"Its probabilities are {error:0.0%} off on average (ece): use them to rank, and with care as numbers.";
        }

        FeatureGroups[] numbers = [.. card.Reference.Where(g => g is { Min: not null, Max: not null })];
        if (numbers.Length > 0)
        {
            yield return "It has not seen numbers outside the ranges above, and answers there as at the nearest end or along a straight line, by its kind.";
        }

        yield return "It says what goes together in the data, not what causes what.";
    }

    private static CardTable Lineage(ModelCard card, ModelVersion version, Run? run)
    {
        List<CardCell[]> rows =
        [
            ["model (SHA-256 of its bytes)", new(card.ModelId, CardTone.Id)],
            ["data set", new(card.DatasetId, CardTone.Id)],
            ["spec", new(card.SpecHash, CardTone.Id)],
            ["training run", new(card.RunId, CardTone.Id, Path: PagePaths.Run(card.Pipeline, card.RunId))],
            ["seed", new(card.Seed.ToString(CultureInfo.InvariantCulture), CardTone.Id)],
        ];
        foreach (RunArtifact input in (run?.Inputs ?? []).Where(i => i.Kind is "code" or "batch" or "upload" or "request"))
        {
            rows.Add([input.Kind == "request" ? "asked for by" : input.Kind, new(input.Detail is null ? input.Id : $"{input.Id} ({input.Detail})", CardTone.Id)]);
        }

        rows.Add(["registered", Time(version.CreatedAt)]);
        return new CardTable(["What", "Which"], rows);
    }
}

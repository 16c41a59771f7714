using System.Globalization;

namespace ServerlessMlops.Core.Pipelines;

// What the section scoring must satisfy.
internal sealed partial class SpecRules
{
    private void CheckScoring()
    {
        foreach ((string name, ColumnScoringSpec column) in spec.Scoring.Columns)
        {
            string? role = name == spec.Target ? "target" : name == spec.Key ? "key" : spec.Columns.TryGetValue(name, out ColumnSpec? known) && (known.Ignore || !known.Feature) ? "no feature" : null;
            if (role is not null)
            {
                Fault($"scoring.columns.{name}", $"the column is {(role == "no feature" ? role : $"the {role}")}, so no model takes it as an input; remove it here.");
            }
        }

        if (spec.Scoring.Review.Between is { } between && (between is { AtLeast: null, AtMost: null } || between.AtLeast > between.AtMost))
        {
            Fault("scoring.review.between", between.AtLeast > between.AtMost ? "'atLeast' is above 'atMost'; swap them." : "neither 'atLeast' nor 'atMost' is given; give one or both.");
        }

        if (spec.Scoring.Review.Margin is not null && spec.Task == Learners.LearningTask.Regression)
        {
            Fault("scoring.review.margin", "a regression decides nothing, so no call is close; use 'between'.");
        }

        if (spec.Train.Interval > 0 && spec.Scoring.Coverage is { } coverage && !coverage.Equals(spec.Train.Interval))
        {
            Fault("scoring.coverage", string.Create(
                CultureInfo.InvariantCulture, $"it is {coverage} and train.interval is {spec.Train.Interval}; answers have one interval, that of train.interval. Remove one of the two, or give both the same share."));
        }

        if (spec.Scoring.Log.Retention is { } retention && retention < TimeSpan.FromHours(1))
        {
            Fault("scoring.log.retention", $"{SpecDuration.Format(retention)} is too short: labels join and replays read hour by hour; expected at least 1h.");
        }
    }
}

using System.Text.RegularExpressions;

namespace ServerlessMlops.Core.Pipelines;

// What is expected of uploads.
internal sealed partial class SpecRules
{
    private void CheckExpectation(Expectation expectation, string path)
    {
        var rules = new List<string>();
        void Rule(bool given, string name)
        {
            if (given)
            {
                rules.Add(name);
            }
        }

        Rule(expectation.Between is not null, "between");
        Rule(expectation.In is not null, "in");
        Rule(expectation.NotIn is not null, "notIn");
        Rule(expectation.Matches is not null, "matches");
        Rule(expectation.NotNull is not null, "notNull");
        Rule(expectation.AtMostColumn is not null, "atMostColumn");
        Rule(expectation.Unique is not null, "unique");
        Rule(expectation.Increasing is not null, "increasing");
        Rule(expectation.MaxNullShare is not null, "maxNullShare");
        Rule(expectation.Freshness is not null, "freshness");
        Rule(expectation.Rows is not null, "rows");
        if (rules.Count != 1)
        {
            Fault(path, $"{(rules.Count == 0 ? "no rule is given" : "these rules stand together: " + string.Join(", ", rules))}; an expectation has exactly one (between, in, notIn, matches, notNull, "
                + "atMostColumn, unique, increasing, maxNullShare, freshness or rows).");
            return;
        }

        if (expectation.Rows is null == expectation.Column is null)
        {
            Fault(path, expectation.Rows is null ? $"the rule '{rules[0]}' needs a column; add 'column: <name>'." : "'rows' is about the whole upload; remove 'column'.");
        }

        if (expectation.Between is { } between)
        {
            CheckBounds(between, $"{path}.between");
        }

        if (expectation.In is { Count: 0 })
        {
            Fault($"{path}.in", "the list is empty, so every value would break it; name the values.");
        }

        if (expectation.Rows is { AtLeast: null, AtMost: null })
        {
            Fault($"{path}.rows", "neither 'atLeast' nor 'atMost' is given; give one or both.");
        }

        if (expectation.Matches is { } pattern)
        {
            try
            {
                _ = new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
            }
            catch (Exception fault) when (fault is ArgumentException or NotSupportedException)
            {
                Fault($"{path}.matches", $"the regular expression cannot be used: {fault.Message} Lookarounds and backreferences are not supported.");
            }
        }
    }

    private void CheckBounds(IReadOnlyList<string?> bounds, string path)
    {
        if (bounds.Count != 2 || bounds.All(b => b is null))
        {
            Fault(path, "expected two bounds, such as [1, 6000]; null leaves one side open.");
            return;
        }

        var values = bounds.Select(b => b is null ? null : ExpectationBound.Parse(b)).ToList();
        for (int i = 0; i < 2; i++)
        {
            if (bounds[i] is { } text && values[i] is null)
            {
                Fault($"{path}[{i}]", $"'{text}' is neither a number nor a time in ISO 8601, such as 2024-05-01.");
            }
        }

        if (values[0] is { } low && values[1] is { } high && (low.IsTime != high.IsTime || low.Value > high.Value))
        {
            Fault(path, low.IsTime != high.IsTime ? "one bound is a number and the other a time." : $"the first bound ({bounds[0]}) is above the second ({bounds[1]}); swap them.");
        }
    }
}

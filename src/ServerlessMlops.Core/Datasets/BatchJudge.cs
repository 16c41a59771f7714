using System.Globalization;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Data.Profiling;
using ServerlessMlops.Data.Reading;

namespace ServerlessMlops.Core.Datasets;

/// <summary>Judges an upload by what reading it gave: the rules on the whole, the share of rejected rows, and what is odd about target and columns.</summary>
internal sealed class BatchJudge(PipelineSpec spec, DateTimeOffset? asOf, DatasetProfile? reference, List<DataFinding> findings)
{
    /// <summary>Share of rows that repeat an earlier one from which on it is said.</summary>
    private const double DuplicateShare = 0.05;

    public void Judge(TableReader reader, DatasetProfile profile, IReadOnlyList<RowRule> rules, IReadOnlyList<OrderedRule> ordered)
    {
        if (reader.RowCount == 0)
        {
            Add(FileFaults.NoRows, FindingSeverity.Error, null, "the file has a header and no row. Upload a file with rows.");
            return;
        }

        foreach (var rule in rules)
        {
            JudgeShare(rule.Expectation, rule.Rule, rule.Expected, rule.Values, rule.Broken);
        }

        foreach (var rule in ordered)
        {
            JudgeShare(rule.Expectation, rule.Rule, rule.Expected, rule.Values, rule.Broken);
            if (rule.Overflowed)
            {
                Add(DataFindingCodes.Expectation, FindingSeverity.Warning, rule.Expectation.Column,
                    $"column '{rule.Expectation.Column}' has more than {OrderedRule.MaxRemembered:N0} different values; beyond those, only repetitions of these were found.", rule.Expectation);
            }
        }

        foreach (var expectation in spec.Expect)
        {
            JudgeWhole(expectation, profile);
        }

        JudgeRejected(reader);
        JudgeDuplicates(profile);
        JudgeTarget(profile);
        JudgeColumns(profile);
    }

    private void JudgeShare(Expectation expectation, string rule, string expected, long values, long broken)
    {
        if (broken == 0)
        {
            return;
        }

        double held = 1 - broken / (double)values;
        bool fails = expectation.Mostly is { } mostly ? held < mostly : false;
        var severity = expectation.Severity == ExpectationSeverity.Error && fails ? FindingSeverity.Error : FindingSeverity.Warning;
        string limit = expectation.Mostly is { } share ? $"; at least {Percent(share)} must" : "";
        string fate = severity == FindingSeverity.Error ? " The upload is rejected: correct the values, or loosen the expectation."
            : expectation.Severity == ExpectationSeverity.Error ? " Their rows are rejected." : "";
        Add(DataFindingCodes.Expectation, severity, expectation.Column,
            $"{broken:N0} of {values:N0} values of '{expectation.Column}' are not {expected} ({rule}): {Percent(held)} hold{limit}.{fate}", expectation);
    }

    private void JudgeWhole(Expectation expectation, DatasetProfile profile)
    {
        var severity = expectation.Severity == ExpectationSeverity.Error ? FindingSeverity.Error : FindingSeverity.Warning;
        if (expectation.Rows is { } rows)
        {
            if (rows.AtLeast is { } least && profile.Rows < least)
            {
                Add(DataFindingCodes.Expectation, severity, null, $"{profile.Rows:N0} rows are kept; the spec expects at least {least:N0} (rows).", expectation);
            }

            if (rows.AtMost is { } most && profile.Rows > most)
            {
                Add(DataFindingCodes.Expectation, severity, null, $"{profile.Rows:N0} rows are kept; the spec expects at most {most:N0} (rows).", expectation);
            }
        }

        var column = expectation.Column is null ? null : profile.Find(expectation.Column);
        if (column is null)
        {
            return;
        }

        if (expectation.MaxNullShare is { } nulls && column.MissingShare() > nulls)
        {
            Add(DataFindingCodes.Expectation, severity, column.Name, $"{Percent(column.MissingShare())} of '{column.Name}' is missing; the spec allows {Percent(nulls)} (maxNullShare).", expectation);
        }

        if (expectation.Freshness is { } age && asOf is { } now)
        {
            if (column.Type != ColumnType.Timestamp)
            {
                Add(DataFindingCodes.ExpectationUnfit, severity, column.Name, $"'freshness' needs times; '{column.Name}' is read as {column.Type}.", expectation);
            }
            else if (column.Max is not { } newest || TimestampColumn.ToInstant((long)newest) < now - age)
            {
                string found = column.Max is { } max ? $"the newest '{column.Name}' is {TimestampColumn.Format((long)max)}" : $"'{column.Name}' has no value";
                Add(DataFindingCodes.Expectation, severity, column.Name, $"{found}; the spec expects nothing older than {SpecDuration.Format(age)} (freshness).", expectation);
            }
        }
    }

    private void JudgeRejected(TableReader reader)
    {
        if (reader.RejectedCount == 0)
        {
            return;
        }

        double share = reader.RejectedCount / (double)reader.RowCount;
        var worst = reader.ReasonCounts.OrderByDescending(r => r.Value).ThenBy(r => r.Key.Column, StringComparer.Ordinal).ThenBy(r => r.Key.Rule, StringComparer.Ordinal).Take(3)
            .Select(r => $"{(r.Key.Column.Length > 0 ? $"'{r.Key.Column}' {r.Key.Rule}" : r.Key.Rule)} {r.Value:N0}");
        string what = string.Create(CultureInfo.InvariantCulture, $"{reader.RejectedCount:N0} of {reader.RowCount:N0} rows are rejected ({Percent(share)}; {string.Join(", ", worst)})");
        if (reader.RejectedCount == reader.RowCount || share > spec.RejectTolerance)
        {
            Add(DataFindingCodes.TooManyRejected, FindingSeverity.Error, null,
                $"{what}; at most {Percent(spec.RejectTolerance)} may be. See rejected.csv for lines and values; correct the file, say types in the spec, or raise rejectTolerance.");
        }
        else
        {
            Add(DataFindingCodes.RowsRejected, FindingSeverity.Warning, null, $"{what}; see rejected.csv.");
        }
    }

    private void JudgeDuplicates(DatasetProfile profile)
    {
        if (profile.DuplicateRows is { } repeated && profile.Rows > 0 && repeated >= DuplicateShare * profile.Rows && repeated > 1)
        {
            Add(DataFindingCodes.DuplicateRows, FindingSeverity.Warning, null,
                $"{repeated:N0} of {profile.Rows:N0} rows ({Percent(repeated / (double)profile.Rows)}) repeat an earlier one in every column; rows on both sides of the split flatter a model. "
                + "Was the export joined or appended twice? With a 'key' in the spec the last row of each key counts.");
        }
    }

    private void JudgeTarget(DatasetProfile profile)
    {
        if (profile.Find(spec.Target) is { } target && profile.Rows > 0 && (target.Missing == target.Rows || target.Distinct < 2))
        {
            bool empty = target.Missing == target.Rows;
            Add(DataFindingCodes.TargetConstant, empty ? FindingSeverity.Error : FindingSeverity.Warning, target.Name,
                empty ? $"the target '{target.Name}' has no value in this upload; there is nothing to learn from."
                    : $"the target '{target.Name}' has one value only in this upload.");
        }
    }

    private void JudgeColumns(DatasetProfile profile)
    {
        foreach (var column in profile.Columns)
        {
            if (column.LikelyLeak == true && column.Name != spec.Key)
            {
                Add(DataFindingCodes.LikelyLeak, FindingSeverity.Warning, column.Name,
                    $"'{column.Name}' tells the target almost alone (association {column.TargetAssociation:0.000}): is it known before the outcome? If not, say 'columns: {{ {column.Name}: ignore }}'.");
            }

            // Only where the list of names is whole is a name known to be new.
            if (column.Type == ColumnType.Category && column.Name != spec.Key && reference?.Find(column.Name) is { Top: { } before } known && before.Count == known.Distinct && column.Top is { } now)
            {
                var names = before.Select(v => v.Value).ToHashSet();
                var added = now.Where(v => !names.Contains(v.Value)).ToList();
                bool sensitive = spec.Columns.TryGetValue(column.Name, out var said) && said.Sensitive;
                if (added.Count > 0)
                {
                    string listed = sensitive ? "" : $" ({string.Join(", ", added.Take(5).Select(v => v.Value))}{(added.Count > 5 ? ", ..." : "")})";
                    Add(DataFindingCodes.NewCategories, FindingSeverity.Warning, column.Name,
                        $"'{column.Name}' has {added.Count} new name{(added.Count == 1 ? "" : "s")}{listed}.");
                }
            }
        }
    }

    private static string Percent(double share) => share is > 0 and < 0.00005 ? "less than 0.01%" : string.Create(CultureInfo.InvariantCulture, $"{share * 100:0.##}%");

    private void Add(string code, FindingSeverity severity, string? column, string message, Expectation? expectation = null) =>
        findings.Add(new DataFinding(code, severity, column, message) { Expectation = expectation is null ? null : ExpectationNames.GreatExpectations(expectation) });
}

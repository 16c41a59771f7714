using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Data.Profiling;
using ServerlessMlops.Data.Reading;
using ServerlessMlops.Data.Snapshots;

namespace ServerlessMlops.Core.Datasets;

/// <summary>One reading of an upload.</summary>
internal sealed class IngestAttempt(IngestRequest request, IReadOnlyDictionary<string, ColumnType> corrections)
{
    private readonly List<DataFinding> _findings = [];
    private readonly PipelineSpec _spec = request.Spec;

    /// <summary>Types that would have fitted better than the inferred ones.</summary>
    public IReadOnlyDictionary<string, ColumnType> Corrections { get; private set; } = new Dictionary<string, ColumnType>();

    public async Task<BatchResult> RunAsync(Stream source, CancellationToken cancellationToken)
    {
        TableReader? reader = null;
        TableSchema? schema = null;
        try
        {
            var hints = new[] { _spec.Target, _spec.Key, _spec.Time }.OfType<string>().Concat(_spec.Columns.Keys).Concat((request.Expected?.Columns ?? []).Select(c => c.Name)).ToHashSet();
            reader = await TableReader.OpenAsync(source, new TableReaderOptions { Name = request.Name, HeaderHints = hints, Limits = request.Limits, Parallelism = request.Parallelism }, cancellationToken);
            var decision = SchemaCheck.Decide(reader.Columns, _spec, request.Expected);
            _findings.AddRange(decision.Findings);
            schema = new TableSchema([.. decision.Schema.Columns.Select(c => corrections.TryGetValue(c.Name, out var type) ? c with { Type = type } : c)]);
            if (_findings.Any(f => f.Severity == FindingSeverity.Error))
            {
                return Rejected(reader, schema);
            }

            return await ReadAsync(reader, schema, decision.Inferred, cancellationToken);
        }
        catch (UnreadableFileException fault)
        {
            _findings.Add(new DataFinding(fault.Code, FindingSeverity.Error, null, fault.Message));
            return Rejected(reader, schema);
        }
        finally
        {
            if (reader is not null)
            {
                await reader.DisposeAsync();
            }
        }
    }

    private async Task<BatchResult> ReadAsync(TableReader reader, TableSchema schema, IReadOnlySet<string> inferred, CancellationToken cancellationToken)
    {
        var rules = _spec.Expect.Where(RowRule.Is).Select(e => new RowRule(e)).ToList();
        var ordered = _spec.Expect.Where(OrderedRule.Is).Select(e => new OrderedRule(e)).ToList();
        foreach (var (expectation, why) in rules.Select(r => (r.Expectation, r.Unfit(schema))).Concat(ordered.Select(r => (r.Expectation, r.Unfit(schema)))).Where(r => r.Item2 is not null))
        {
            _findings.Add(new DataFinding(DataFindingCodes.ExpectationUnfit, FindingSeverity.Error, expectation.Column,
                $"column '{expectation.Column}' is read as {schema.Find(expectation.Column!)!.Type}, but {why}. Correct the expectation, or say the column's type in the spec.")
            {
                Expectation = ExpectationNames.GreatExpectations(expectation),
            });
        }

        if (_findings.Any(f => f.Severity == FindingSeverity.Error))
        {
            return Rejected(reader, schema);
        }

        var plan = new ReadPlan { Schema = schema, Checks = rules, OrderedChecks = ordered, Profile = true, Target = _spec.Target };
        var arrow = new ArrowFileWriter(request.Arrow, schema);
        using var hasher = new ContentHasher(schema);
        using (var rejected = new RejectedFile(request.Rejected, _spec))
        {
            await foreach (var group in reader.ReadAsync(plan, cancellationToken))
            {
                hasher.Add(group.Table);
                arrow.Write(group.Table);
                rejected.Add(group.Rejected);
                request.Progress?.Invoke(reader.DecodedBytes, reader.RowCount);
            }
        }

        arrow.Finish();
        var better = reader.Misjudged(schema).Where(c => inferred.Contains(c.Key)).ToDictionary();
        Corrections = better;
        var profile = reader.Profile!.Build();
        new BatchJudge(_spec, request.AsOf, request.Reference, _findings).Judge(reader, profile, rules, ordered);
        return Finish(reader, schema, profile, hasher.Finish());
    }

    private BatchResult Finish(TableReader reader, TableSchema schema, DatasetProfile profile, string id)
    {
        bool accepted = _findings.All(f => f.Severity != FindingSeverity.Error);
        return Rejected(reader, schema) with
        {
            Verdict = accepted ? BatchVerdict.Accepted : BatchVerdict.Rejected,
            BatchId = accepted ? id : null,
            Profile = profile,
            RowsKept = reader.RowCount - reader.RejectedCount,
        };
    }

    private string Why(ColumnSchema column, TableReader reader) =>
        _spec.Columns.TryGetValue(column.Name, out var said) && said.Type is not null ? "the spec says so"
        : corrections.ContainsKey(column.Name) ? "later values need it"
        : request.Expected?.Find(column.Name)?.Type == column.Type ? "as in earlier uploads"
        : reader.Columns.First(c => c.Schema.Name == column.Name) is var seen && seen.Schema.Type == column.Type ? seen.Reason
        : "by its place in the spec";

    private BatchResult Rejected(TableReader? reader, TableSchema? schema)
    {
        if (reader?.InvalidUtf8 > 0)
        {
            _findings.Add(new DataFinding(DataFindingCodes.InvalidUtf8, FindingSeverity.Warning, null,
                $"{reader.InvalidUtf8:N0} places are not UTF-8 and were read as U+FFFD, so names in them are mangled. Save the file as UTF-8."));
        }

        foreach (string note in reader?.Notes ?? [])
        {
            _findings.Add(new DataFinding(DataFindingCodes.ReadNote, FindingSeverity.Info, null, note));
        }

        return new BatchResult
        {
            Verdict = BatchVerdict.Rejected,
            Schema = schema,
            Evidence = (schema?.Columns ?? []).ToDictionary(c => c.Name, c => Why(c, reader!), StringComparer.Ordinal),
            RowsRejected = reader?.RejectedCount ?? 0,
            Rejections = [.. (reader?.ReasonCounts ?? new Dictionary<(string, string), long>()).Select(r => new RejectionCount(r.Key.Column, r.Key.Rule, r.Value))
                .OrderByDescending(r => r.Count).ThenBy(r => r.Column, StringComparer.Ordinal).ThenBy(r => r.Rule, StringComparer.Ordinal)],
            Findings = [.. _findings.OrderByDescending(f => f.Severity)],
            Format = reader?.Format ?? "",
            Bytes = reader?.DecodedBytes ?? 0,
        };
    }
}

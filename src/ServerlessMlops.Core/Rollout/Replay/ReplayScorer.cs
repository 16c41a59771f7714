using System.Buffers;
using System.Text;
using System.Text.Json;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Core.Scoring.Mlflow;
using ServerlessMlops.Data.Parsing;
using ServerlessMlops.Learners;

namespace ServerlessMlops.Core.Rollout.Replay;

/// <summary>
/// Scores lines of the prediction log again by one version and compares the answers. Lines that a challenger wrote in the shadow are left out:
/// nobody got them. Not thread-safe.
/// </summary>
/// <param name="model">The version.</param>
/// <param name="request">The period and the labels.</param>
public sealed class ReplayScorer(ServingModel model, ReplayRequest request)
{
    private const int MostAtOnce = 500;
    private const double LeastProbability = 1e-7;

    private static readonly ScoringLimits Limits = new(64 * 1024 * 1024, MostAtOnce, ScoringLimits.Default.MaxDepth);

    private readonly ScoringBatch _batch = new();
    private readonly List<LoggedRow> _rows = [];
    private readonly bool _classesAreBooleans = model.Card.Classes is ["false", "true"];
    private readonly double[] _edges = [.. model.Card.OutputReference.Edges];
    private readonly long[] _logged = new long[model.Card.OutputReference.Edges.Count + 2];
    private readonly long[] _replayed = new long[model.Card.OutputReference.Edges.Count + 2];
    private readonly Dictionary<string, long> _flips = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _missing = new(StringComparer.Ordinal);
    private readonly Dictionary<int, ReplayedVersion> _byVersion = [];
    private ReplaySums _sums = new();

    /// <summary>Takes a line of the log.</summary>
    public void Add(ReadOnlyMemory<byte> line)
    {
        LoggedRow? row;
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            row = Read(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            Fail($"a line of the log cannot be read: {e.Message}");
            return;
        }

        if (row is null)
        {
            return;
        }

        _rows.Add(row);
        if (_rows.Count == MostAtOnce)
        {
            ScoreAll();
        }
    }

    /// <summary>Scores what was taken and gives the sums so far.</summary>
    public ReplaySums Take()
    {
        ScoreAll();
        return _sums with { Logged = [.. _logged], Replayed = [.. _replayed], Flips = _flips.ToDictionary(), MissingInputs = _missing.ToDictionary(), ByVersion = _byVersion.ToDictionary() };
    }

    private LoggedRow? Read(JsonElement line)
    {
        DateTimeOffset at = line.GetProperty("at").GetDateTimeOffset();
        if (at < request.From || at >= request.To || (line.TryGetProperty("shadow", out JsonElement shadow) && shadow.ValueKind == JsonValueKind.True))
        {
            return null;
        }

        var record = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(record))
        {
            JsonElement features = line.GetProperty("features");
            writer.WriteStartObject();
            foreach (Registry.FeatureSignature input in model.Card.Inputs)
            {
                writer.WritePropertyName(input.Name);
                // A hash is no value either.
                if (features.TryGetProperty(input.Name, out JsonElement value) && value.ValueKind != JsonValueKind.Object)
                {
                    value.WriteTo(writer);
                }
                else
                {
                    writer.WriteNullValue();
                    _missing[input.Name] = _missing.GetValueOrDefault(input.Name) + 1;
                }
            }

            writer.WriteEndObject();
        }

        return new LoggedRow(
            record.WrittenMemory,
            line.GetProperty("version").GetInt32(),
            line.TryGetProperty("key", out JsonElement key) ? key.GetString() : null,
            line.TryGetProperty("decision", out JsonElement decision) ? decision.GetString() : null,
            [.. line.GetProperty("outputs").EnumerateArray().Select(o => o.ValueKind == JsonValueKind.Number ? o.GetSingle() : float.NaN)]);
    }

    private void ScoreAll()
    {
        if (_rows.Count > 0 && Score(_rows) is not null)
        {
            // One row that does not fit spoils the request; then each is tried alone.
            foreach (LoggedRow row in _rows)
            {
                if (Score([row]) is { } fault)
                {
                    Fail(fault);
                }
            }
        }

        _rows.Clear();
    }

    private string? Score(List<LoggedRow> rows)
    {
        var body = new ArrayBufferWriter<byte>();
        body.Write("{\"dataframe_records\":["u8);
        for (int i = 0; i < rows.Count; i++)
        {
            body.Write(i == 0 ? ""u8 : ","u8);
            body.Write(rows[i].Record.Span);
        }

        body.Write("]}"u8);
        _batch.Reset(model.Signature, model.Version, Limits);
        if (InvocationReader.Read(body.WrittenSpan, _batch, Limits) is { } problem)
        {
            return problem.Detail;
        }

        _batch.Predict(model.Predictor);
        for (int i = 0; i < rows.Count; i++)
        {
            Compare(rows[i], _batch.Outputs.Slice(i * _batch.OutputWidth, _batch.OutputWidth));
        }

        return null;
    }

    private void Compare(LoggedRow row, ReadOnlySpan<float> outputs)
    {
        float before = row.Outputs.Length == 0 ? float.NaN : model.Outputs.Task == LearningTask.Multiclass ? row.Outputs.Max() : row.Outputs[^1];
        float after = model.Outputs.Summary(outputs);
        int decided = model.Outputs.Decide(outputs);
        string? decision = decided < 0 ? null : model.Card.Classes[decided];
        bool flipped = decision is not null && row.Decision is not null && decision != row.Decision;
        if (flipped)
        {
            string flip = $"{row.Decision} -> {decision}";
            _flips[flip] = _flips.GetValueOrDefault(flip) + 1;
        }

        double difference = float.IsFinite(before) && float.IsFinite(after) ? Math.Abs((double)after - before) : 0;
        ReplayedVersion version = _byVersion.GetValueOrDefault(row.Version) ?? new ReplayedVersion(0, 0, 0);
        _byVersion[row.Version] = new ReplayedVersion(version.Rows + 1, version.Flipped + (flipped ? 1 : 0), version.Difference + difference);
        _logged[FeatureGroups.GroupOf(_edges, before)]++;
        _replayed[FeatureGroups.GroupOf(_edges, after)]++;
        _sums = _sums with
        {
            Rows = _sums.Rows + 1,
            LoggedSum = _sums.LoggedSum + (float.IsFinite(before) ? before : 0),
            ReplayedSum = _sums.ReplayedSum + (float.IsFinite(after) ? after : 0),
            LargestDifference = Math.Max(_sums.LargestDifference, difference),
            Labelled = row.Key is { } key && request.Labels.TryGetValue(key, out string? label) ? Label(label, row, outputs, decision) : _sums.Labelled,
        };
    }

    private ReplayedLabels Label(string label, LoggedRow row, ReadOnlySpan<float> outputs, string? decision)
    {
        // As in training, where yes and no, t and f are booleans.
        label = _classesAreBooleans && Words.ParseBoolean(Encoding.UTF8.GetBytes(label)) is >= 0 and var truth ? model.Card.Classes[truth] : label;
        if (Loss(label, row.Outputs) is not { } logged || Loss(label, outputs) is not { } replayed)
        {
            return _sums.Labelled;
        }

        return new ReplayedLabels(
            _sums.Labelled.Rows + 1,
            _sums.Labelled.LoggedRight + (row.Decision == label ? 1 : 0),
            _sums.Labelled.ReplayedRight + (decision == label ? 1 : 0),
            _sums.Labelled.LoggedLoss + logged,
            _sums.Labelled.ReplayedLoss + replayed);
    }

    /// <summary>Log loss of the class that came true, or squared error; null where the label is none of this model's.</summary>
    private double? Loss(string label, ReadOnlySpan<float> outputs)
    {
        if (outputs.Length == 0 || (model.Outputs.Task == LearningTask.Multiclass && outputs.Length != model.Card.Classes.Count))
        {
            return null;
        }

        if (model.Outputs.Task == LearningTask.Regression)
        {
            return double.TryParse(label, System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture, out double value)
                ? (outputs[^1] - value) * (outputs[^1] - value)
                : null;
        }

        int found = -1;
        for (int i = 0; i < model.Card.Classes.Count; i++)
        {
            found = model.Card.Classes[i] == label ? i : found;
        }

        if (found < 0)
        {
            return null;
        }

        double probability = model.Outputs.Task == LearningTask.Multiclass ? outputs[found] : found == 1 ? outputs[^1] : 1 - outputs[^1];
        return -Math.Log(Math.Max(LeastProbability, probability));
    }

    private void Fail(string fault) => _sums = _sums with { Unscorable = _sums.Unscorable + 1, FirstFault = _sums.FirstFault ?? fault };

    private sealed record LoggedRow(ReadOnlyMemory<byte> Record, int Version, string? Key, string? Decision, float[] Outputs);
}

using System.Buffers;
using System.Text.Json;
using ServerlessMlops.Core.Evaluation;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Core.Scoring.Mlflow;
using ServerlessMlops.Learners;

namespace ServerlessMlops.Functions.Training;

/// <summary>What a model may take at most to be let out of the sandbox.</summary>
public sealed record SandboxLimits
{
    /// <summary>99th percentile of milliseconds for a request of one row. Default 250.</summary>
    public double LatencyP99Ms { get; init; } = 250;

    /// <summary>Bytes of memory allocated to make it ready. Default 1 GB.</summary>
    public long LoadBytes { get; init; } = 1_000_000_000;

    /// <summary>Hold-out rows whose answers are compared. Default 1000.</summary>
    public int Rows { get; init; } = 1000;
}

/// <summary>
/// Takes a model through the path of serving before it may serve: its stored bytes are made ready as the scorer makes them ready, requests are read from
/// JSON, scored and answered, and the answers are held against those of the evaluation, bit for bit.
/// </summary>
public static class Sandbox
{
    private const int TimedRequests = 1000;
    private const int WarmUpRequests = 200;

    /// <summary>Checks a model.</summary>
    /// <param name="onnx">Its stored bytes.</param>
    /// <param name="card">Its card.</param>
    /// <param name="holdout">Rows.</param>
    /// <param name="expected">What the evaluation has for them, row-major.</param>
    /// <param name="limits">What it may take.</param>
    /// <param name="time">Measures.</param>
    public static SandboxResult Check(ReadOnlyMemory<byte> onnx, ModelCard card, FeatureTable holdout, float[] expected, SandboxLimits limits, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(limits);
        ArgumentNullException.ThrowIfNull(time);
        long start = time.GetTimestamp(), before = GC.GetAllocatedBytesForCurrentThread();
        ServingModel model;
        try
        {
            model = new ServingModel(card, 0, OnnxPredictor.Read(onnx));
        }
        catch (InvalidDataException unusable)
        {
            return new SandboxResult(Verdict.Failed, $"the stored bytes do not serve: {unusable.Message}", 0, 0, 0, 0);
        }

        double loadMs = time.GetElapsedTime(start).TotalMilliseconds;
        long loadBytes = GC.GetAllocatedBytesForCurrentThread() - before;
        SandboxResult Failed(string why, int compared = 0, double p99 = 0) => new(Verdict.Failed, why, compared, loadMs, loadBytes, p99);
        if (loadBytes > limits.LoadBytes)
        {
            return Failed($"it takes {loadBytes / 1e6:0} MB to be made ready; at most {limits.LoadBytes / 1e6:0} MB are allowed");
        }

        var batch = new ScoringBatch();
        if (card.Example is { } example && !LacksRequired(model, example) && Answer(model, batch, JsonSerializer.SerializeToUtf8Bytes(new { dataframe_records = new[] { example } })) is { } refused)
        {
            return Failed($"it does not answer its own example: {refused}");
        }

        // Not more rows than one request may have; spread over the hold-out.
        int rows = Math.Min(holdout.Rows, Math.Min(limits.Rows, ScoringLimits.Default.MaxRows)), width = model.Outputs.Width;
        int[] sample = [.. Enumerable.Range(0, rows).Select(i => (int)((long)i * holdout.Rows / rows)).Where(row => CanBeSent(holdout, row))];
        rows = sample.Length;
        if (Answer(model, batch, Body(holdout, card, sample)) is { } fault)
        {
            return Failed($"it does not answer rows of the hold-out: {fault}");
        }

        for (int i = 0; i < rows; i++)
        {
            for (int k = 0; k < width; k++)
            {
                float served = batch.Outputs[(i * width) + k], evaluated = expected[(sample[i] * width) + k];
                if (!BitConverter.SingleToUInt32Bits(served).Equals(BitConverter.SingleToUInt32Bits(evaluated)))
                {
                    return Failed($"serving answers {served} to hold-out row {sample[i]}, and the evaluation has {evaluated}; what was judged is not what would serve", i);
                }
            }
        }

        (_, double p99, _) = Time(model, holdout, time);
        return p99 > limits.LatencyP99Ms
            ? Failed($"it takes {p99:0.##} ms (99th percentile) to answer a row; at most {limits.LatencyP99Ms:0.##} ms are allowed", rows, p99)
            : new SandboxResult(Verdict.Passed, $"the stored bytes answer {rows} hold-out rows as the evaluation did, bit for bit", rows, loadMs, loadBytes, p99);
    }

    /// <summary>Times requests of one row: read from JSON, scored, answered; without network.</summary>
    /// <param name="onnx">The model's bytes.</param>
    /// <param name="card">Its card.</param>
    /// <param name="holdout">Rows to ask for.</param>
    /// <param name="time">Measures.</param>
    /// <returns>Milliseconds at the median and at the 99th percentile, and how many requests were timed.</returns>
    public static (double P50, double P99, int Requests) Time(ReadOnlyMemory<byte> onnx, ModelCard card, FeatureTable holdout, TimeProvider time) =>
        Time(new ServingModel(card, 0, OnnxPredictor.Read(onnx)), holdout, time);

    private static (double P50, double P99, int Requests) Time(ServingModel model, FeatureTable holdout, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        int distinct = Math.Min(100, holdout.Rows);
        byte[][] bodies = [.. Enumerable.Range(0, distinct).Select(i => Body(holdout, model.Card, [(int)((long)i * holdout.Rows / distinct)]))];
        var batch = new ScoringBatch();
        var times = new double[TimedRequests];
        for (int i = -WarmUpRequests; i < TimedRequests; i++)
        {
            long start = time.GetTimestamp();
            Answer(model, batch, bodies[(i + WarmUpRequests) % distinct]);
            if (i >= 0)
            {
                times[i] = time.GetElapsedTime(start).TotalMilliseconds;
            }
        }

        Array.Sort(times);
        return (times[TimedRequests / 2], times[TimedRequests * 99 / 100], TimedRequests);
    }

    /// <summary>Answers a request as the endpoint does; null, or why it is refused.</summary>
    private static string? Answer(ServingModel model, ScoringBatch batch, ReadOnlySpan<byte> body)
    {
        batch.Reset(model.Signature, model.Version, ScoringLimits.Default);
        if (InvocationReader.Read(body, batch, ScoringLimits.Default) is { } problem)
        {
            return $"{problem.Title}: {problem.Detail}";
        }

        if (batch.HasErrors)
        {
            return string.Join("; ", batch.Findings().Select(f => f.ToString()));
        }

        batch.Predict(model.Predictor);
        var answer = new ArrayBufferWriter<byte>(1024);
        InvocationWriter.Write(answer, batch, model, new RowIds(batch, default, "sandbox-"u8, 0));
        return null;
    }

    /// <summary>Whether an example, which has no values of sensitive columns, lacks one that the model has no answer without.</summary>
    private static bool LacksRequired(ServingModel model, IReadOnlyDictionary<string, object?> example) =>
        model.Card.Inputs.Where((input, i) => model.Signature.IsRequired(i) && example.GetValueOrDefault(input.Name) is null).Any();

    /// <summary>Whether JSON can carry a row: numbers beyond single precision it cannot.</summary>
    private static bool CanBeSent(FeatureTable rows, int row) => rows.Features.All(f => f is not NumericFeature number || !float.IsInfinity(number.Values[row]));

    /// <summary>Rows as an MLflow request, in the order of the model's inputs.</summary>
    private static byte[] Body(FeatureTable rows, ModelCard card, int[] chosen)
    {
        Feature?[] columns = [.. card.Inputs.Select(input => rows.Features.FirstOrDefault(f => f.Name == input.Name))];
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteStartObject("dataframe_split");
        json.WriteStartArray("columns");
        foreach (FeatureSignature input in card.Inputs)
        {
            json.WriteStringValue(input.Name);
        }

        json.WriteEndArray();
        json.WriteStartArray("data");
        foreach (int row in chosen)
        {
            json.WriteStartArray();
            foreach (Feature? column in columns)
            {
                switch (column)
                {
                    case NumericFeature number when float.IsFinite(number.Values[row]):
                        json.WriteNumberValue(number.Values[row]);
                        break;
                    case CategoricalFeature category when category.Codes[row] >= 0:
                        json.WriteStringValue(category.Categories[category.Codes[row]]);
                        break;
                    default:
                        json.WriteNullValue();
                        break;
                }
            }

            json.WriteEndArray();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }
}

using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Core.Scoring.Mlflow;
using ServerlessMlops.Core.Scoring.Predictions;

namespace ServerlessMlops.Benchmarks.Scoring;

/// <summary>The parts of answering a request on one thread, without HTTP: the best of many short stretches, which a busy machine disturbs least.</summary>
internal static class ScoringParts
{
    public static int Run()
    {
        byte[] onnx = ScoringModelFile.Train();
        var model = new ServingModel(ScoringModelFile.CardOf(onnx), 1, OnnxPredictor.Read(onnx));
        var counter = new WindowCounter(model.Card, 1, "0123abcd");
        Console.WriteLine("| Part | 1 row: us | bytes | 100 rows: us | bytes |\n|---|---|---|---|---|");
        byte[][] bodies = [Encoding.UTF8.GetBytes(ScoringBenchmark.Body(1)), Encoding.UTF8.GetBytes(ScoringBenchmark.Body(100))];
        var batch = new ScoringBatch();
        var answer = new ArrayBufferWriter<byte>(65536);
        var hour = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        PredictionSegment Segment() => new(model, new PredictionSegmentName("synth", hour, "0123abcd", 0), hour);
        PredictionSegment segment = Segment();

        void Read(byte[] body)
        {
            batch.Reset(model.Signature, 1, ScoringLimits.Default);
            if (InvocationReader.Read(body, batch, ScoringLimits.Default) is { } problem)
            {
                throw new InvalidOperationException(problem.Detail);
            }
        }

        void Log()
        {
            if (segment.Rows > 20_000)
            {
                segment.Release();
                segment = Segment();
            }

            segment.Append(batch, default, hour, 1);
        }

        void Write()
        {
            answer.ResetWrittenCount();
            InvocationWriter.Write(answer, batch, model, new RowIds(batch, default, segment.IdPrefix, 0));
        }

        Report("source-generated JSON into arrays (the yardstick)", bodies, body => JsonSerializer.Deserialize(body, ParseOnlyJson.Default.ParsedRequest));
        Report("read the request", bodies, Read);
        Report("predict", bodies, body => batch.Predict(model.Predictor), Read);
        Report("count into the model's groups", bodies, body => RowCounting.Count(batch, model, counter), body => Scored(body));
        Report("append to the log", bodies, body => Log(), body => Scored(body));
        Report("write the answer", bodies, body => Write(), body => Scored(body));
        Report(
            "all of it",
            bodies,
            body =>
            {
                Scored(body);
                RowCounting.Count(batch, model, counter);
                Log();
                Write();
            });
        var lines = new ArrayBufferWriter<byte>(1 << 20);
        var index = new ArrayBufferWriter<byte>(1 << 20);
        Report(
            "render the log (in the background)",
            bodies,
            body =>
            {
                lines.ResetWrittenCount();
                index.ResetWrittenCount();
                segment.Render(lines, index);
            },
            body =>
            {
                segment.Release();
                segment = Segment();
                Scored(body);
                segment.Append(batch, default, hour, 1);
            });
        return 0;

        void Scored(byte[] body)
        {
            Read(body);
            batch.Predict(model.Predictor);
        }
    }

    private static void Report(string part, byte[][] bodies, Action<byte[]> run, Action<byte[]>? prepare = null)
    {
        var line = new StringBuilder($"| {part} |");
        foreach (byte[] body in bodies)
        {
            prepare?.Invoke(body);
            for (int i = 0; i < 3000; i++)
            {
                run(body);
            }

            const int Stretch = 20;
            long best = long.MaxValue;
            long allocated = GC.GetAllocatedBytesForCurrentThread();
            for (int repeat = 0; repeat < 500; repeat++)
            {
                long started = Stopwatch.GetTimestamp();
                for (int i = 0; i < Stretch; i++)
                {
                    run(body);
                }

                best = Math.Min(best, Stopwatch.GetTimestamp() - started);
            }

            allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
            line.Append(CultureInfo.InvariantCulture, $" {best * 1e6 / Stopwatch.Frequency / Stretch:F2} | {allocated / (500.0 * Stretch):F0} |");
        }

        Console.WriteLine(line);
    }
}

using System.Diagnostics;
using System.Globalization;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Learners;

namespace ServerlessMlops.Benchmarks.Monitoring;

/// <summary>
/// One check of a live model, over 10^4 to 10^7 predictions in its window: rows of counts as four instances write them each minute of six hours, added up and judged. What grows with the
/// traffic is the numbers in the rows, not the rows.
/// </summary>
internal static class MonitoringBenchmark
{
    private const int Features = 20;
    private const int Instances = 4;
    private const int Repeats = 15;
    private const int WarmUp = 200;

    public static int Run()
    {
        ModelCard card = CardOf();
        var until = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
        var spec = new MonitorSpec { Window = TimeSpan.FromHours(6) };
        for (int i = 0; i < WarmUp; i++)
        {
            Check(card, [.. RowsOf(card, 10_000, until, TimeSpan.FromMinutes(10))], until, spec);
        }

        Console.WriteLine("predictions     rows   ms (median)   allocated KiB   verdict");
        foreach (long predictions in new[] { 10_000L, 100_000L, 1_000_000L, 10_000_000L })
        {
            WindowRow[] rows = [.. RowsOf(card, predictions, until, spec.Window)];
            var times = new double[Repeats];
            long allocated = 0;
            MonitorReport report = null!;
            for (int repeat = 0; repeat < Repeats; repeat++)
            {
                GC.Collect();
                long before = GC.GetAllocatedBytesForCurrentThread();
                long begin = Stopwatch.GetTimestamp();
                report = Check(card, rows, until, spec);
                times[repeat] = Stopwatch.GetElapsedTime(begin).TotalMilliseconds;
                allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            }

            Array.Sort(times);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{report.Predictions,11} {rows.Length,8} {times[Repeats / 2],13:0.00} {allocated / 1024.0,15:0} {report.Verdict,9}"));
        }

        return 0;
    }

    private static MonitorReport Check(ModelCard card, WindowRow[] rows, DateTimeOffset until, MonitorSpec spec)
    {
        var traffic = new MonitoredTraffic(card, until, spec.Window);
        foreach (WindowRow row in rows)
        {
            traffic.Add(row);
        }

        return ModelMonitor.Evaluate(card, 1, traffic, spec);
    }

    private static IEnumerable<WindowRow> RowsOf(ModelCard card, long predictions, DateTimeOffset until, TimeSpan window)
    {
        var random = new Random(1);
        int minutes = (int)window.TotalMinutes;
        long left = predictions;
        for (int i = 0; i < minutes * Instances; i++)
        {
            long count = left / ((minutes * Instances) - i);
            left -= count;
            WindowSums sums = WindowSums.Empty(card);
            foreach (long[] groups in sums.Features.Append(sums.Outputs))
            {
                Spread(groups.AsSpan(0, groups.Length - 1), count, random);
            }

            for (int group = 0; group < sums.Outputs.Length - 1; group++)
            {
                sums.OutputSums[group] = sums.Outputs[group] * ((group + 0.5) / (sums.Outputs.Length - 1));
            }

            int half = (sums.Outputs.Length - 1) / 2;
            sums.Positives = sums.Outputs.Skip(half).Sum();
            sums.PositiveSum = sums.OutputSums.Skip(half).Sum();
            sums.Statuses[0] = count;
            sums.Latencies[12] = count;
            yield return new WindowRow(card.Pipeline, 1, $"i{i % Instances}", i, until.AddMinutes(-minutes + (i / Instances)), sums);
        }
    }

    // As a draw of so many rows would fall: in equal shares, off by about the root of what is expected.
    private static void Spread(Span<long> groups, long count, Random random)
    {
        for (int group = 0; group < groups.Length; group++)
        {
            double expected = (double)count / (groups.Length - group);
            long some = (long)Math.Round(expected + ((random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5) * 2 * Math.Sqrt(expected)));
            groups[group] = group == groups.Length - 1 ? count : Math.Clamp(some, 0, count);
            count -= groups[group];
        }
    }

    private static ModelCard CardOf()
    {
        float[] even = [.. Enumerable.Range(0, 20_000).Select(i => (i + 0.5f) / 20_000)];
        string[] names = [.. Enumerable.Range(0, Features).Select(i => $"x{i}")];
        return new ModelCard
        {
            Pipeline = "bench", ModelId = "m", Task = LearningTask.Binary, Target = "y", Candidate = "boosting", Classes = ["no", "yes"], Candidates = [], Gates = [], DatasetId = "d", SpecHash = "s",
            RunId = "r", Seed = 1, TrainRows = even.Length, HoldoutRows = even.Length,
            Inputs = [.. names.Select(name => new FeatureSignature(name, FeatureKind.Number))],
            Metrics = new Dictionary<string, double> { ["auc"] = 5.0 / 6, ["accuracy"] = 0.75 },
            Reference = [.. names.Select(name => ReferenceGroups.FromNumbers(name, even))],
            OutputReference = ReferenceGroups.FromNumbers("output", even),
        };
    }
}

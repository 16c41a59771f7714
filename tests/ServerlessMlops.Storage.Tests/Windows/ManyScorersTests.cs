using System.Diagnostics;
using Azure.Data.Tables;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Storage.Windows;
using ServerlessMlops.TestSupport.Azurite;
using Xunit.Abstractions;

namespace ServerlessMlops.Storage.Tests.Windows;

/// <summary>A thousand instances that score one model and flush in the same minutes: no count is lost, none is counted twice.</summary>
public sealed class ManyScorersTests(AzuriteFixture azurite, ITestOutputHelper output) : IClassFixture<AzuriteFixture>
{
    private const int Scorers = 1000;
    private const int Minutes = 1;
    private const int Features = 10;

    [Fact]
    public async Task ThousandScorers_FlushingAtOnceAndSomeTwice_MergeToTheExactSums()
    {
        DateTimeOffset start = new(2026, 3, 1, 10, 0, 0, TimeSpan.Zero);
        string pipeline = azurite.UniqueName("many");
        var windows = new WindowsTable(new TableServiceClient(azurite.ConnectionString));
        FeatureGroups[] reference = [.. Enumerable.Range(0, Features).Select(i => new FeatureGroups($"f{i}", FeatureKind.Number, [.. Enumerable.Range(0, 19).Select(e => (double)e)], [], new long[21]))];
        WindowSums expected = WindowSums.Empty(reference, reference[0]);
        var rows = new List<WindowRow>();
        var random = new Random(17);
        for (int scorer = 0; scorer < Scorers; scorer++)
        {
            for (int minute = 0; minute < Minutes; minute++)
            {
                WindowSums sums = WindowSums.Empty(reference, reference[0]);
                foreach (long[] counts in sums.Features)
                {
                    counts[random.Next(counts.Length)] = random.Next(1, 1000);
                }

                sums.Outputs[random.Next(sums.Outputs.Length)] = random.Next(1, 1000);
                sums.Statuses[0] = random.Next(1, 100);
                rows.Add(new WindowRow(pipeline, 1, $"i{scorer}", minute + 1, start.AddMinutes(minute), sums));
                expected.Add(sums);
            }
        }

        // Every seventh is written again, as by a scorer that got no answer: shuffled, so that the second may come first.
        WindowRow[] writes = [.. rows.Concat(rows.Where((_, i) => i % 7 == 0))];
        random.Shuffle(writes);
        long began = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(writes, new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (row, cancellation) => await windows.AppendAsync(row, cancellation));
        TimeSpan written = Stopwatch.GetElapsedTime(began);

        WindowSums merged = WindowSums.Empty(reference, reference[0]);
        int read = 0;
        began = Stopwatch.GetTimestamp();
        await foreach (WindowRow row in windows.ReadAsync(pipeline, 1, start, start.AddMinutes(Minutes), default))
        {
            merged.Add(row.Sums);
            read++;
        }

        output.WriteLine($"{writes.Length} flushes in {written.TotalSeconds:0.0} s; {read} rows read and merged in {Stopwatch.GetElapsedTime(began).TotalSeconds:0.00} s");
        read.ShouldBe(Scorers * Minutes);
        merged.Features.ShouldBe(expected.Features);
        merged.Outputs.ShouldBe(expected.Outputs);
        merged.Statuses.ShouldBe(expected.Statuses);
        merged.Predictions.ShouldBe(expected.Predictions);
    }
}

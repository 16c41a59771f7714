using System.Diagnostics;
using System.Globalization;
using System.Runtime;
using System.Runtime.InteropServices;
using System.Text.Json;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Boosting;
using ServerlessMlops.Learners.Metrics;
using ServerlessMlops.Learners.Onnx;

namespace ServerlessMlops.Benchmarks.Learners;

/// <summary>Our half of the comparison with scikit-learn and xgboost; <c>compare.py</c> prepares the data, runs all sides in turn and prints the table.</summary>
internal static partial class LearnersBenchmark
{
    public static int Run(string[] args)
    {
        var options = Enumerable.Range(0, args.Length - 1).Where(i => args[i].StartsWith("--", StringComparison.Ordinal)).ToDictionary(i => args[i], i => args[i + 1]);
        int Option(string name, int otherwise) => options.TryGetValue(name, out string? text) ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
        int threads = Option("--threads", 2), repeat = Option("--repeat", 3);
        bool defaults = Option("--defaults", 0) == 1;
        BenchmarkData data = BenchmarkData.Load(args[1]);
        Console.WriteLine(JsonSerializer.Serialize(args[0] switch
        {
            "predict" => Predict(data, threads),
            "memory" => Memory(data, threads, defaults),
            "folds" => Folds(data, args[2], args[3], threads, defaults),
            _ => Fit(data, threads, repeat, defaults),
        }));
        return 0;
    }

    private static object Fit(BenchmarkData data, int threads, int repeat, bool defaults)
    {
        using var process = Process.GetCurrentProcess();
        var seconds = new List<double>();
        var cpu = new List<double>();
        TrainedModel? model = null;
        for (int i = 0; i <= repeat; i++)
        {
            TimeSpan cpuBefore = process.TotalProcessorTime;
            long start = Stopwatch.GetTimestamp();
            model = Train(data, threads, defaults);
            seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            process.Refresh();
            cpu.Add((process.TotalProcessorTime - cpuBefore).TotalSeconds);
        }

        IReadOnlyDictionary<string, double> metrics = Metric.Evaluate(data.Task, data.Classes, data.TestY, model!.Predict(data.TestX));
        return new { cold = seconds[0], warm = seconds.Skip(1).DefaultIfEmpty(seconds[0]).Min(), cpu = cpu.Skip(1).DefaultIfEmpty(cpu[0]).Min(), metrics, model.Iterations };
    }

    /// <summary>How far one fit raises the peak above what was held before it, after small fits until the compiler, which compiles anew what runs often, is done.</summary>
    private static object Memory(BenchmarkData data, int threads, bool defaults)
    {
        int[] some = [.. Enumerable.Range(0, Math.Min(2000, data.Y.Length))];
        BenchmarkData small = data with { X = data.X.Select(some), Y = FeatureTable.Take<float>(data.Y, some) };
        long compiled = -1;
        for (int quiet = 0, fits = 0; quiet < 10 && fits < 200; fits++)
        {
            Train(small, threads, defaults);
            quiet = compiled == JitInfo.GetCompiledMethodCount() ? quiet + 1 : 0;
            compiled = JitInfo.GetCompiledMethodCount();
        }

        _ = TrimNativeHeap(0);
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        File.WriteAllText("/proc/self/clear_refs", "5"); // starts the peak anew
        double before = Status("VmRSS");
        long allocated = GC.GetTotalAllocatedBytes();
        TrainedModel model = Train(data, threads, defaults);
        double peak = Status("VmHWM");
        GC.KeepAlive(data);
        return new { peak_mb = peak - before, allocated_mb = (GC.GetTotalAllocatedBytes() - allocated) / 1e6, model.Iterations };
    }

    /// <summary>Gives memory that the C library keeps free back to the system, as the peers' side does too.</summary>
    [LibraryImport("libc.so.6", EntryPoint = "malloc_trim")]
    private static partial int TrimNativeHeap(nuint padding);

    /// <summary>A field of /proc/self/status, in MB.</summary>
    private static double Status(string field) =>
        double.Parse(File.ReadLines("/proc/self/status").First(l => l.StartsWith(field + ":", StringComparison.Ordinal)).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1e3;

    /// <summary>Predictions of every row by the model that has not seen it, once for each division into five folds.</summary>
    private static object Folds(BenchmarkData data, string foldsFile, string outFile, int threads, bool defaults)
    {
        byte[] folds = File.ReadAllBytes(foldsFile);
        int rows = data.Y.Length, repeats = folds.Length / rows, width = data.Task == LearningTask.Multiclass ? data.Classes : 1;
        var predictions = new float[folds.Length * width];
        for (int repeat = 0; repeat < repeats; repeat++)
        {
            for (int fold = 0; fold < 5; fold++)
            {
                int[] train = [.. Enumerable.Range(0, rows).Where(row => folds[(repeat * rows) + row] != fold)], held = [.. Enumerable.Range(0, rows).Where(row => folds[(repeat * rows) + row] == fold)];
                TrainedModel model = Train(data with { X = data.X.Select(train), Y = FeatureTable.Take<float>(data.Y, train) }, threads, defaults);
                float[] p = model.Predict(data.X.Select(held));
                for (int i = 0; i < held.Length; i++)
                {
                    p.AsSpan(i * width, width).CopyTo(predictions.AsSpan(((repeat * rows) + held[i]) * width));
                }
            }
        }

        using FileStream file = File.Create(outFile);
        file.Write(MemoryMarshal.AsBytes(predictions.AsSpan()));
        return new { rows, repeats };
    }

    private static TrainedModel Train(BenchmarkData data, int threads, bool defaults) => Learner.Train(
        new LearnerOptions
        {
            Threads = threads,
            BoostingOptions = defaults ? new BoostingOptions() : new BoostingOptions { Iterations = 100, EarlyStoppingRounds = 0 },
        },
        data.X, data.Y, data.Task, [.. Enumerable.Range(0, data.Classes).Select(k => $"{k}")]);

    /// <summary>One row at a time in process, and batches of 100,000 rows on each thread.</summary>
    private static object Predict(BenchmarkData data, int threads)
    {
        ScoringModel model = OnnxModel.Load(OnnxWriter.Write(Train(data, threads, false)));
        float[] vectors = data.Vectors(model);
        int rows = data.TestX.Rows, width = model.Inputs.Count, batch = Math.Min(rows, 100_000);
        var outputs = new float[rows * model.OutputCount];
        double single = Best(20, () =>
        {
            for (int row = 0; row < 1000; row++)
            {
                model.Predict(vectors.AsSpan(row % rows * width, width), outputs);
            }
        }) / 1000;
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        for (int row = 0; row < 10_000; row++)
        {
            model.Predict(vectors.AsSpan(row % rows * width, width), outputs);
        }

        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        double one = Best(10, () => model.PredictBatch(vectors, batch, outputs));
        double all = Best(10, () => Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, t =>
        {
            int from = (int)((long)batch * t / threads), to = (int)((long)batch * (t + 1) / threads);
            model.PredictBatch(vectors.AsSpan(from * width), to - from, outputs.AsSpan(from * model.OutputCount));
        }));
        return new { single_us = single * 1e6, allocated_bytes = allocated, batch_rows_per_s_one_thread = batch / one, batch_rows_per_s = batch / all };
    }

    private static double Best(int times, Action action)
    {
        double best = double.PositiveInfinity;
        for (int i = 0; i < times + 3; i++)
        {
            long start = Stopwatch.GetTimestamp();
            action();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return best;
    }
}

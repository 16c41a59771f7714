using ServerlessMlops.Benchmarks.Evaluation;
using ServerlessMlops.Benchmarks.Ingestion;
using ServerlessMlops.Benchmarks.Learners;
using ServerlessMlops.Benchmarks.Monitoring;
using ServerlessMlops.Benchmarks.Scoring;

return args switch
{
    ["ingest", "run", .. string[] rest] => await IngestRun.RunAsync(rest),
    ["ingest", "memory", .. string[] rest] => await IngestBenchmark.RunMemoryAsync(rest),
    ["ingest-blob", .. string[] rest] => await IngestBlobBenchmark.RunAsync(rest),
    ["ingest", .. string[] rest] => await IngestBenchmark.RunAsync(rest),
    ["learners", .. string[] rest] => LearnersBenchmark.Run(rest),
    ["evaluation", .. string[] rest] => EvaluationBenchmark.Run(rest),
    ["monitoring"] => MonitoringBenchmark.Run(),
    ["scoring", "serve", .. string[] rest] => ScoringServer.Run(rest),
    ["scoring", "parts"] => ScoringParts.Run(),
    ["scoring", .. string[] rest] => await ScoringBenchmark.RunAsync(rest),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("Usage: dotnet run -c Release --project tests/ServerlessMlops.Benchmarks -- learners fit|predict DIRECTORY [--threads N] [--repeat N]");
    Console.Error.WriteLine("       dotnet run -c Release --project tests/ServerlessMlops.Benchmarks -- evaluation [ROWS]");
    Console.Error.WriteLine("       dotnet run -c Release --project tests/ServerlessMlops.Benchmarks -- monitoring");
    Console.Error.WriteLine("       dotnet run -c Release --project tests/ServerlessMlops.Benchmarks -- scoring parts | scoring [--rows 1,100] [--connections 16,64] [--seconds N] [--rounds N] [--floor] [--every-row] [--fastapi] (needs wrk)");
    Console.Error.WriteLine("       dotnet run -c Release --project tests/ServerlessMlops.Benchmarks -- ingest [memory] [--data FOLDER] [--repeat N] [--only ours,batch,duckdb,polars,pandas] (needs node)");
    Console.Error.WriteLine("       dotnet run -c Release --project tests/ServerlessMlops.Benchmarks -- ingest-blob [--data FOLDER] [--times 2.1] (needs node and /proc)");
    return 2;
}

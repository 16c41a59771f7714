using ServerlessMlops.Benchmarks.Learners;

return args switch
{
    ["learners", .. string[] rest] => LearnersBenchmark.Run(rest),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("Usage: dotnet run -c Release --project tests/ServerlessMlops.Benchmarks -- learners fit|predict DIRECTORY [--threads N] [--repeat N]");
    return 2;
}

using Microsoft.Extensions.DependencyInjection;
using ServerlessMlops.Functions.Approvals;

namespace ServerlessMlops.Functions.Runs;

/// <summary>Wires what looks after runs.</summary>
public static class RunsServices
{
    /// <summary>Adds it. Needs storage, alerts and trainings from elsewhere.</summary>
    public static IServiceCollection AddRuns(this IServiceCollection services)
    {
        services.AddOptions<RunsOptions>().BindConfiguration(RunsOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        return services.AddSingleton<RunEnds>().AddSingleton<RunControl>().AddSingleton<RunCancellation>().AddSingleton<ApprovalDecisions>();
    }
}

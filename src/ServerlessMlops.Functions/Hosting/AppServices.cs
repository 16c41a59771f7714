using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using ServerlessMlops.Functions.Alerts;
using ServerlessMlops.Functions.Feedback;
using ServerlessMlops.Functions.Ingestion;
using ServerlessMlops.Functions.Monitoring;
using ServerlessMlops.Functions.Pipelines;
using ServerlessMlops.Functions.Rollout;
using ServerlessMlops.Functions.Runs;
using ServerlessMlops.Functions.Scoring;
using ServerlessMlops.Functions.Training;

namespace ServerlessMlops.Functions.Hosting;

/// <summary>Wires the whole app.</summary>
public static class AppServices
{
    /// <summary>Adds everything that the app's functions ask for.</summary>
    public static IServiceCollection AddServerlessMlops(this IServiceCollection services, IConfiguration configuration) => services
        .AddMlopsStorage(configuration)
        .AddMlopsTelemetry(configuration)
        .AddSingleton(HostingOptions.From(configuration))
        .AddSingleton<SpecReader>()
        .AddSingleton<SpecChanges>()
        .AddSingleton<UploadReconciler>()
        .AddTraining()
        .AddRuns()
        .AddScoring()
        .AddMonitoring()
        .AddFeedback()
        .AddRollout()
        .AddAlerts();
}

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Functions.Scoring;
using ServerlessMlops.Storage.Monitoring;
using ServerlessMlops.Storage.Windows;

namespace ServerlessMlops.Functions.Monitoring;

/// <summary>Wires monitoring.</summary>
public static class MonitoringServices
{
    /// <summary>Adds counters, their flusher, windows, reports and checks. Needs the storage clients, registry, models, specs and alerts from elsewhere.</summary>
    public static IServiceCollection AddMonitoring(this IServiceCollection services)
    {
        services.AddOptions<MonitoringOptions>().BindConfiguration(MonitoringOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(_ => InstanceName.Create());
        services.TryAddSingleton(provider => new WindowCounters(provider.GetRequiredService<InstanceName>().Value));
        services.TryAddSingleton<IWindowStore, WindowsTable>();
        services.TryAddSingleton<IMonitorReports, MonitoringContainer>();
        services.TryAddSingleton<CheckModel>();
        services.TryAddSingleton<WindowFlusher>();
        return services.AddHostedService(provider => provider.GetRequiredService<WindowFlusher>());
    }
}

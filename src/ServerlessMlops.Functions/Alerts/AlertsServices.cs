using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Functions.Alerts.Channels;
using ServerlessMlops.Storage.Alerts;

namespace ServerlessMlops.Functions.Alerts;

/// <summary>Wires alerts.</summary>
public static class AlertsServices
{
    /// <summary>Adds the sink, the courier and the channels. Needs the storage clients and specs from elsewhere.</summary>
    public static IServiceCollection AddAlerts(this IServiceCollection services)
    {
        services.AddOptions<AlertsOptions>().BindConfiguration(AlertsOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IAlertStore, AlertsTable>();
        services.TryAddSingleton<DeliveryAttempts>();
        services.TryAddSingleton(provider => new ChannelHttp(
            provider.GetRequiredService<IOptions<AlertsOptions>>(), provider.GetRequiredService<DeliveryAttempts>(), provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton<AlertDispatcher>();
        services.TryAddSingleton<AlertCourier>();
        services.TryAddSingleton<AlertPlanner>();
        services.TryAddSingleton<AlertRehearsal>();
        services.TryAddSingleton<IAlertSink, AlertPublisher>();
        services.TryAddEnumerable([
            ServiceDescriptor.Singleton<IAlertChannel, WebhookChannel>(),
            ServiceDescriptor.Singleton<IAlertChannel, SlackChannel>(),
            ServiceDescriptor.Singleton<IAlertChannel, TeamsChannel>(),
            ServiceDescriptor.Singleton<IAlertChannel, PagerDutyChannel>(),
            ServiceDescriptor.Singleton<IAlertChannel, EmailChannel>(),
        ]);
        return services.AddHostedService(provider => provider.GetRequiredService<AlertCourier>());
    }
}

using Microsoft.Azure.Functions.Worker.Extensions.DurableTask;
using Microsoft.Azure.Functions.Worker.Offline;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

[assembly: OfflineExtension(typeof(DurableTaskOfflineExtension))]

namespace Microsoft.Azure.Functions.Worker.Extensions.DurableTask;

/// <summary>Brings the durable engine into the local runtime.</summary>
internal sealed class DurableTaskOfflineExtension : IOfflineExtension
{
    public void Configure(IServiceCollection services, IConfiguration hostJson)
    {
        services.AddSingleton(provider => DurableTaskHostOptions.Read(hostJson, provider.GetRequiredService<IConfiguration>()));
        services.AddSingleton<DurableTaskHub>();
        services.AddSingleton<IOfflineTriggerListener, DurableTaskListener>();
        services.AddSingleton<IOfflineParameterBinder, DurableClientBinder>();
        services.AddSingleton<IOfflineParameterBinder, OrchestrationInputBinder>();
    }
}

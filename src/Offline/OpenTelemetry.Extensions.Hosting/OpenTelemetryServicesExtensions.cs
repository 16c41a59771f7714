using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Internal;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>How an app asks for OpenTelemetry; the SDK itself is the published package.</summary>
public static class OpenTelemetryServicesExtensions
{
    /// <summary>Starts the providers with the host and lets them flush when it stops. May be called more than once.</summary>
    public static OpenTelemetryBuilder AddOpenTelemetry(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);

        // First in line, so that what other hosted services do as they start is seen.
        if (!services.Any(service => service.ImplementationType == typeof(TelemetryHostedService)))
        {
            services.Insert(0, ServiceDescriptor.Singleton<IHostedService, TelemetryHostedService>());
        }

        return new OpenTelemetryBuilder(services);
    }
}

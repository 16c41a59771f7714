using Azure.Identity;
using Azure.Monitor.OpenTelemetry.Exporter;
using Microsoft.Azure.Functions.Worker.OpenTelemetry;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using ServerlessMlops.Core.Telemetry;

namespace ServerlessMlops.Functions.Hosting;

/// <summary>
/// Where traces, metrics and logs go: to Application Insights where <c>APPLICATIONINSIGHTS_CONNECTION_STRING</c> is set, to a collector by OTLP
/// where <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is, to both or to neither. Sampling, batching and headers are set by OpenTelemetry's own
/// environment variables (<c>OTEL_TRACES_SAMPLER</c> and so on).
/// </summary>
public static class TelemetryServices
{
    /// <summary>Name of the setting of the OTLP collector's address.</summary>
    public const string OtlpSetting = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>Name of the setting of Application Insights.</summary>
    public const string ApplicationInsightsSetting = "APPLICATIONINSIGHTS_CONNECTION_STRING";

    // The app's own, the local HTTP server's, Durable's client, and the storage clients' (Azure.Storage.Blobs.BlobClient, Azure.Data.Tables ...).
    private static readonly string[] Sources = [MlopsTelemetry.Name, "Microsoft.AspNetCore", "Microsoft.DurableTask", "Azure.*"];

    /// <summary>Wires the exporters that the settings name; nothing is wired, and nothing costs, where they name none.</summary>
    public static IServiceCollection AddMlopsTelemetry(this IServiceCollection services, IConfiguration configuration)
    {
        // ASP.NET Core writes each request with its query, where callers may have put a function key (?code=).
        services.AddLogging(logging => logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.Warning));
        bool toCollector = configuration[OtlpSetting] is { Length: > 0 };
        string? insights = configuration[ApplicationInsightsSetting] is { Length: > 0 } connection ? connection : null;
        if (!toCollector && insights is null)
        {
            return services;
        }

        OpenTelemetryBuilder telemetry = services.AddOpenTelemetry();
        telemetry.UseFunctionsWorkerDefaults();
        telemetry.WithTracing(tracing => tracing.AddSource(Sources));
        telemetry.WithMetrics(metrics => metrics.AddMeter(MlopsTelemetry.Name));
        if (toCollector)
        {
            telemetry.UseOtlpExporter();
        }

        if (insights is not null)
        {
            string? clientId = configuration[$"{StorageServices.Setting}:clientId"];
            telemetry.UseAzureMonitorExporter(options =>
            {
                options.ConnectionString = insights;

                // With a managed identity (infra/main.bicep) Application Insights takes no key alone.
                if (clientId is not null)
                {
                    options.Credential = new ManagedIdentityCredential(ManagedIdentityId.FromUserAssignedClientId(clientId));
                }
            });
        }

        return services;
    }
}

using Azure.Core;
using OpenTelemetry;

namespace Azure.Monitor.OpenTelemetry.Exporter;

/// <summary>Where to and as whom telemetry is sent.</summary>
public class AzureMonitorExporterOptions : ClientOptions
{
    /// <summary>Default: the environment variable <c>APPLICATIONINSIGHTS_CONNECTION_STRING</c>.</summary>
    public string? ConnectionString { get; set; }

    /// <summary>Null: the connection string's key alone.</summary>
    public TokenCredential? Credential { get; set; }
}

/// <summary>The wiring of the published exporter, which alone can send to Application Insights.</summary>
public static class OpenTelemetryBuilderExtensions
{
    /// <exception cref="PlatformNotSupportedException">Always: this build has no exporter for Application Insights.</exception>
    public static IOpenTelemetryBuilder UseAzureMonitorExporter(this IOpenTelemetryBuilder builder, Action<AzureMonitorExporterOptions> configureAzureMonitor)
    {
        ArgumentNullException.ThrowIfNull(builder);
        throw new PlatformNotSupportedException(
            "APPLICATIONINSIGHTS_CONNECTION_STRING is set, and a build with the offline doubles cannot send to Application Insights. " +
            "Unset it and set OTEL_EXPORTER_OTLP_ENDPOINT to a local collector, or build with -p:AzurePackages=nuget.");
    }
}

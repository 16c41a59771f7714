using Microsoft.Extensions.Configuration;

namespace ServerlessMlops.Functions.Hosting;

/// <summary>What the app knows of where it runs.</summary>
/// <param name="PlatformAuthentication">Whether App Service authentication is on (<c>WEBSITE_AUTH_ENABLED</c>), so that its headers can be trusted. Default false.</param>
public sealed record HostingOptions(bool PlatformAuthentication)
{
    /// <summary>Reads them from the app's settings.</summary>
    public static HostingOptions From(IConfiguration configuration) =>
        new(string.Equals(configuration["WEBSITE_AUTH_ENABLED"], "true", StringComparison.OrdinalIgnoreCase));
}

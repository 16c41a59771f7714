using Azure.Core;
using Azure.Core.Pipeline;

namespace Azure.Data.Tables.Http;

/// <summary>Which policy of the pipeline signs the requests.</summary>
internal static class TableAuthentication
{
    public static HttpPipelinePolicy Of(TableSharedKeyCredential credential)
    {
        ArgumentNullException.ThrowIfNull(credential);
        return new SharedKeyPolicy(credential);
    }

    public static HttpPipelinePolicy Of(AzureSasCredential credential)
    {
        ArgumentNullException.ThrowIfNull(credential);
        return new SasPolicy(credential);
    }

    public static HttpPipelinePolicy Of(TokenCredential tokenCredential, TableClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(tokenCredential);
        return new BearerTokenAuthenticationPolicy(tokenCredential, (options?.Audience ?? TableAudience.AzurePublicCloud).ToScope());
    }

    public static HttpPipelinePolicy Of(TableConnectionString connection) =>
        connection.Credential is null ? FromQuery(connection.Endpoint) : new SharedKeyPolicy(connection.Credential);

    /// <summary>An address with a query carries its signature there.</summary>
    public static HttpPipelinePolicy FromQuery(Uri endpoint) =>
        string.IsNullOrEmpty(endpoint.Query) ? null : new SasPolicy(new AzureSasCredential(endpoint.Query));

    public static void RequireHttps(Uri endpoint)
    {
        if (endpoint.Scheme != Uri.UriSchemeHttps && !endpoint.IsLoopback)
        {
            throw new ArgumentException("Cannot use a SAS token without HTTPS.", nameof(endpoint));
        }
    }
}

using Azure.Core;
using Azure.Identity;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Microsoft.Extensions.Configuration;

namespace Microsoft.Azure.Functions.Worker.Offline;

/// <summary>
/// A storage account as a setting names it: a connection string, or a section with <c>blobServiceUri</c>, <c>queueServiceUri</c>,
/// <c>tableServiceUri</c> or <c>accountName</c>, which is signed in to by identity (<c>credential</c> = <c>managedidentity</c> and <c>clientId</c>, else
/// whoever is signed in on this machine).
/// </summary>
internal sealed class StorageConnection
{
    private readonly string _name;
    private readonly string? _text;
    private readonly IConfigurationSection _section;
    private readonly TokenCredential? _credential;

    private StorageConnection(string name, IConfigurationSection section)
    {
        (_name, _section, _text) = (name, section, section.Value);
        if (_text is null)
        {
            string? clientId = section["clientId"];
            _credential = string.Equals(section["credential"], "managedidentity", StringComparison.OrdinalIgnoreCase)
                ? new ManagedIdentityCredential(clientId is null ? ManagedIdentityId.SystemAssigned : ManagedIdentityId.FromUserAssignedClientId(clientId))
                : new DefaultAzureCredential();
        }
    }

    /// <summary>The connection string; null where the account is named by addresses.</summary>
    public string? ConnectionString => _text;

    /// <summary>How to sign in where the account is named by addresses.</summary>
    public TokenCredential Credential => _credential ?? throw new InvalidOperationException($"Setting '{_name}' is a connection string.");

    /// <exception cref="InvalidOperationException">The setting names no account.</exception>
    public static StorageConnection Read(IConfiguration settings, string name)
    {
        IConfigurationSection[] places = [settings.GetSection(name), settings.GetSection($"AzureWebJobs{name}"), settings.GetSection($"ConnectionStrings:{name}")];
        return Array.Find(places, place => place.Exists()) is { } found
            ? new StorageConnection(name, found)
            : throw new InvalidOperationException(
                $"Setting '{name}' names no storage account; set it to a connection string ('UseDevelopmentStorage=true' for Azurite), or '{name}__blobServiceUri' and its like to addresses, in local.settings.json or the environment.");
    }

    /// <summary>A client whose calls are the host's, so no part of the app's traces.</summary>
    public BlobServiceClient Blobs()
    {
        var options = new BlobClientOptions { Diagnostics = { IsDistributedTracingEnabled = false } };
        return _text is not null ? new(_text, options) : new(Address("blob"), _credential, options);
    }

    public QueueServiceClient Queues()
    {
        var options = new QueueClientOptions { MessageEncoding = QueueMessageEncoding.Base64, Diagnostics = { IsDistributedTracingEnabled = false } };
        return _text is not null ? new(_text, options) : new(Address("queue"), _credential, options);
    }

    /// <summary>The address of a service: <c>blob</c>, <c>queue</c> or <c>table</c>.</summary>
    /// <exception cref="InvalidOperationException">It is not there, or no address.</exception>
    public Uri Address(string service)
    {
        string key = $"{service}ServiceUri";
        string? text = _section[key] ?? (service == "blob" ? _section["serviceUri"] : null) ?? (_section["accountName"] is { } account ? $"https://{account}.{service}.core.windows.net" : null);
        return Uri.TryCreate(text, UriKind.Absolute, out Uri? address)
            ? address
            : throw new InvalidOperationException($"Setting '{_name}__{key}' is {(text is null ? "absent" : $"'{text}'")}; expected an address such as https://account.{service}.core.windows.net.");
    }
}

namespace Azure.Data.Tables.Http;

/// <summary>
/// A storage account's connection string: <c>UseDevelopmentStorage=true</c> (with <c>DevelopmentStorageProxyUri</c>), or a name with a key or a
/// <c>SharedAccessSignature</c>, or a <c>TableEndpoint</c> with a <c>SharedAccessSignature</c>. A name without <c>TableEndpoint</c> is an account of
/// <c>EndpointSuffix</c>, which is Azure's public cloud if it is not given.
/// </summary>
internal sealed record TableConnectionString(Uri Endpoint, TableSharedKeyCredential Credential, string AccountName)
{
    private const string PublicCloud = "core.windows.net";
    private const string DevelopmentAccount = "devstoreaccount1";

    /// <summary>The well-known key of the emulator.</summary>
    private const string DevelopmentKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    /// <exception cref="ArgumentException">It is empty, or no valid combination of settings.</exception>
    /// <exception cref="InvalidOperationException">A part of it is not <c>key=value</c>, is empty or has no value, or a key occurs twice.</exception>
    public static TableConnectionString Parse(string connectionString)
    {
        ArgumentException.ThrowIfNullOrEmpty(connectionString);
        var settings = Split(connectionString);
        string Setting(string name) => settings.GetValueOrDefault(name);

        if (Setting("UseDevelopmentStorage") == "true")
        {
            return DevelopmentStorage(Setting("DevelopmentStorageProxyUri"));
        }

        var (account, key, endpoint, suffix, sas) =
            (Setting("AccountName"), Setting("AccountKey"), Setting("TableEndpoint"), Setting("EndpointSuffix"), Setting("SharedAccessSignature"));
        var isNamed = account != null && (key ?? sas) != null;
        if (!isNamed && (sas == null || !Uri.IsWellFormedUriString(endpoint, UriKind.Absolute)))
        {
            throw new ArgumentException("Connection string parsing error");
        }

        var address = endpoint is null
            ? new UriBuilder(Setting("DefaultEndpointsProtocol") ?? "https", $"{account}.table.{suffix ?? PublicCloud}")
            : new UriBuilder(endpoint);
        if (sas != null)
        {
            address.Query = sas;
        }

        return new TableConnectionString(address.Uri, account != null && key != null && sas == null ? new TableSharedKeyCredential(account, key) : null, account);
    }

    private static TableConnectionString DevelopmentStorage(string proxy)
    {
        var host = proxy is null ? "http://127.0.0.1" : new Uri(proxy).GetLeftPart(UriPartial.Scheme) + new Uri(proxy).Host;
        return new TableConnectionString(
            new Uri($"{host}:10002/{DevelopmentAccount}"), new TableSharedKeyCredential(DevelopmentAccount, DevelopmentKey), DevelopmentAccount);
    }

    private static Dictionary<string, string> Split(string connectionString)
    {
        var settings = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var closed = connectionString.EndsWith(';') ? connectionString[..^1] : connectionString;
        foreach (var segment in closed.Split(';'))
        {
            var equals = segment.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0 || equals == segment.Length - 1)
            {
                throw new InvalidOperationException($"Connection string doesn't have value for keyword '{segment}'.");
            }

            if (!settings.TryAdd(segment[..equals].Trim(), segment[(equals + 1)..].Trim()))
            {
                throw new InvalidOperationException($"Duplicate keyword '{segment[..equals].Trim()}'");
            }
        }

        return settings;
    }
}

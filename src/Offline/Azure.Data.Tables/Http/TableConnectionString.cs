namespace Azure.Data.Tables.Http;

/// <summary>
/// A storage account's connection string: <c>UseDevelopmentStorage=true</c> (with <c>DevelopmentStorageProxyUri</c>), or a name and key with
/// <c>TableEndpoint</c> or <c>EndpointSuffix</c>, or a <c>TableEndpoint</c> with a <c>SharedAccessSignature</c>.
/// </summary>
internal sealed record TableConnectionString(Uri Endpoint, TableSharedKeyCredential Credential, string AccountName)
{
    private const string DevelopmentAccount = "devstoreaccount1";

    /// <summary>The well-known key of the emulator.</summary>
    private const string DevelopmentKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    /// <exception cref="ArgumentException">It is empty, or no valid combination of settings.</exception>
    /// <exception cref="InvalidOperationException">A part of it is not <c>key=value</c>, or a key occurs twice.</exception>
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
        if (account != null && key != null && (endpoint != null || suffix != null))
        {
            var address = endpoint ?? $"{Setting("DefaultEndpointsProtocol") ?? "https"}://{account}.table.{suffix}";
            return new TableConnectionString(new Uri(address), new TableSharedKeyCredential(account, key), account);
        }

        if (Uri.IsWellFormedUriString(endpoint, UriKind.Absolute) && sas != null)
        {
            return new TableConnectionString(new UriBuilder(endpoint) { Query = sas }.Uri, null, account);
        }

        throw new ArgumentException("Connection string parsing error");
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
        foreach (var segment in connectionString.Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = segment.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
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

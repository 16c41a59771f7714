namespace Azure.Data.Tables.Http;

/// <summary>What an address of the table service says: the account, the table if any, the signature if any.</summary>
internal static class TableEndpoint
{
    /// <summary>The first label of a host name, or the first segment of the path where the host is an address or local.</summary>
    public static string AccountName(Uri uri)
    {
        var dot = uri.Host.IndexOf('.', StringComparison.Ordinal);
        if (dot > 0 && Uri.CheckHostName(uri.Host) == UriHostNameType.Dns)
        {
            return uri.Host[..dot];
        }

        return IsPathStyle(uri) && uri.Segments.Length > 1 ? uri.Segments[1].TrimEnd('/') : null;
    }

    /// <summary>The segment after the account, or an empty text.</summary>
    public static string TableName(Uri uri)
    {
        var position = IsPathStyle(uri) ? 2 : 1;
        return uri.Segments.Length > position ? uri.Segments[position].TrimEnd('/') : string.Empty;
    }

    /// <summary>The address without query, and without the table if it ends with it.</summary>
    public static Uri WithoutTable(Uri uri, string tableName)
    {
        var builder = new UriBuilder(uri) { Query = string.Empty };
        if (TableName(uri).Equals(tableName, StringComparison.OrdinalIgnoreCase))
        {
            builder.Path = builder.Path.TrimEnd('/')[..^tableName.Length].TrimEnd('/');
        }

        return builder.Uri;
    }

    public static Uri WithoutQuery(Uri uri) => string.IsNullOrEmpty(uri.Query) ? uri : new UriBuilder(uri) { Query = string.Empty }.Uri;

    public static Uri WithTable(Uri endpoint, string tableName)
    {
        var builder = new UriBuilder(endpoint) { Query = string.Empty };
        builder.Path = builder.Path.TrimEnd('/') + "/" + tableName;
        return builder.Uri;
    }

    private static bool IsPathStyle(Uri uri) => uri.IsLoopback || Uri.CheckHostName(uri.Host) == UriHostNameType.IPv4;
}

using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;

namespace Microsoft.Azure.Functions.Worker.Offline.Http;

/// <summary>
/// Access keys, off by default as they are under <c>func start</c>. Section <c>Host:Keys</c> of local.settings.json turns them on:
/// <c>Master</c> opens everything, <c>Default</c> (the host key) every function, <c>Functions:{name}</c> that function.
/// </summary>
internal sealed class HttpKeys
{
    private readonly IConfigurationSection _keys;

    private HttpKeys(IConfigurationSection keys) => _keys = keys;

    public static HttpKeys? From(IConfiguration settings)
    {
        IConfigurationSection keys = settings.GetSection("Host:Keys");
        return keys["Master"] is { Length: > 0 } ? new HttpKeys(keys) : null;
    }

    /// <summary>Whether the request carries a key of the level; the header wins over the query.</summary>
    public bool Allow(HttpRequest request, string function, AuthorizationLevel level)
    {
        string given = request.Headers["x-functions-key"].ToString() is { Length: > 0 } header ? header : request.Query["code"].ToString();
        return given.Length > 0
            && (Same(given, _keys["Master"])
                || (level == AuthorizationLevel.Function && (Same(given, _keys["Default"]) || Same(given, _keys[$"Functions:{function}"]))));
    }

    private static bool Same(string given, string? key) =>
        key is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), Encoding.UTF8.GetBytes(key));
}

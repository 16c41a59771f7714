using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace ServerlessMlops.Functions.Hosting;

/// <summary>Who calls. On Azure the platform's authentication (Entra) says so in headers that only it can set; anybody else is unverified.</summary>
public static class Caller
{
    /// <summary>
    /// The name of the principal in <c>X-MS-CLIENT-PRINCIPAL</c>, or <c>unverified:{name}</c> with what the caller says of itself
    /// in <c>X-Actor</c> (64 printable characters at most), or <c>unverified:http</c>.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="platformAuthentication">Whether the platform authenticates (App Service sets <c>WEBSITE_AUTH_ENABLED</c>); else its header could be forged.</param>
    public static string Of(HttpRequest request, bool platformAuthentication)
    {
        if (platformAuthentication && request.Headers.TryGetValue("X-MS-CLIENT-PRINCIPAL", out var encoded) && PrincipalName(encoded.ToString()) is { } name)
        {
            return name;
        }

        string said = new([.. request.Headers["X-Actor"].ToString().Where(c => c is > ' ' and < (char)127).Take(64)]);
        return said.Length > 0 ? $"unverified:{said}" : "unverified:http";
    }

    private static string? PrincipalName(string encoded)
    {
        try
        {
            using JsonDocument principal = JsonDocument.Parse(Encoding.UTF8.GetString(Convert.FromBase64String(encoded)));
            foreach (JsonElement claim in principal.RootElement.GetProperty("claims").EnumerateArray())
            {
                if (claim.GetProperty("typ").GetString() is "preferred_username" or "name" or "appid")
                {
                    return claim.GetProperty("val").GetString();
                }
            }
        }
        catch (Exception e) when (e is FormatException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            // A header the platform did not write this way names nobody: the caller stays unverified.
        }

        return null;
    }
}

using System.Net;
using System.Net.Sockets;

namespace ServerlessMlops.Functions.Alerts.Channels;

/// <summary>
/// Keeps deliveries from where they must not go: not in the clear, not to this machine (unless a setting allows it), not to link-local
/// and metadata addresses. Checked on the address that is connected to, after names are resolved, so that no name can lead around it.
/// </summary>
internal static class AddressGuard
{
    private static readonly IPNetwork[] Refused =
    [
        IPNetwork.Parse("0.0.0.0/8"), // this network
        IPNetwork.Parse("169.254.0.0/16"), // link-local; instance metadata
        IPNetwork.Parse("168.63.129.16/32"), // Azure's platform address
        IPNetwork.Parse("100.100.100.200/32"), // another cloud's metadata
        IPNetwork.Parse("192.0.0.192/32"), // another cloud's metadata
        IPNetwork.Parse("224.0.0.0/3"), // multicast, reserved, broadcast
        IPNetwork.Parse("::/128"),
        IPNetwork.Parse("fe80::/10"), // link-local
        IPNetwork.Parse("fd00:ec2::254/128"), // another cloud's metadata
        IPNetwork.Parse("ff00::/8"), // multicast
    ];

    /// <summary>What is wrong with the URL, or null.</summary>
    public static string? Fault(string text, bool allowLoopback, out Uri? url)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out url))
        {
            return "the address is no absolute URL";
        }

        if (url.UserInfo.Length > 0)
        {
            return "the URL carries a user name or password; use the channel's own authentication";
        }

        if (url.Scheme == Uri.UriSchemeHttps)
        {
            return null;
        }

        return url.Scheme == Uri.UriSchemeHttp && url.IsLoopback && allowLoopback
            ? null
            : $"the URL's scheme is '{url.Scheme}'; expected https (http only to this machine, with Alerts:AllowLoopback=true)";
    }

    /// <summary>Whether a connection to the address is refused.</summary>
    public static bool IsRefused(IPAddress address, bool allowLoopback)
    {
        IPAddress plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return IPAddress.IsLoopback(plain) ? !allowLoopback : Refused.Any(network => network.Contains(plain));
    }

    /// <summary>Connects to the first allowed address of the host.</summary>
    /// <exception cref="HttpRequestException">None is allowed.</exception>
    public static async ValueTask<Stream> ConnectAsync(DnsEndPoint endpoint, bool allowLoopback, CancellationToken cancellation)
    {
        IPAddress[] addresses = await Dns.GetHostAddressesAsync(endpoint.Host, cancellation);
        IPAddress[] allowed = [.. addresses.Where(address => !IsRefused(address, allowLoopback))];
        if (allowed.Length == 0)
        {
            throw new AddressRefusedException("The address leads to this machine or to a link-local, metadata or multicast address, where alerts are never sent.");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, endpoint.Port, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}

/// <summary>An address that alerts are never sent to.</summary>
internal sealed class AddressRefusedException(string message) : Exception(message);

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

    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");

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

    /// <summary>Whether a connection to the address is refused: it, or the IPv4 address that it carries through a gateway.</summary>
    public static bool IsRefused(IPAddress address, bool allowLoopback)
    {
        IPAddress plain = Embedded(address) ?? address;
        return IPAddress.IsLoopback(plain) ? !allowLoopback : Refused.Any(network => network.Contains(plain));
    }

    /// <summary>
    /// Connects to the first allowed address of the host. The addresses that were looked at are those that are connected to, so a name that
    /// resolves otherwise a moment later (DNS rebinding) leads nowhere else.
    /// </summary>
    /// <exception cref="AddressRefusedException">None is allowed.</exception>
    public static async ValueTask<Stream> ConnectAsync(DnsEndPoint endpoint, bool allowLoopback, HostResolver resolve, CancellationToken cancellation)
    {
        IPAddress[] addresses = await resolve(endpoint.Host, cancellation);
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

    /// <summary>The IPv4 address within an IPv6 one: mapped, compatible, by NAT64 (RFC 6052), 6to4 (RFC 3056) or Teredo (RFC 4380); null where there is none.</summary>
    private static IPAddress? Embedded(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return null;
        }

        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        if (address.IsIPv4MappedToIPv6 || Nat64.Contains(address) || (!bytes[..12].ContainsAnyExcept((byte)0) && bytes[12] != 0))
        {
            return new IPAddress(bytes[12..]);
        }

        if (bytes[0] == 0x20 && bytes[1] == 0x02)
        {
            return new IPAddress(bytes[2..6]);
        }

        if (!address.IsIPv6Teredo)
        {
            return null;
        }

        for (int i = 12; i < 16; i++)
        {
            bytes[i] ^= 0xFF;
        }

        return new IPAddress(bytes[12..]);
    }
}

/// <summary>Finds the addresses of a host name.</summary>
internal delegate Task<IPAddress[]> HostResolver(string host, CancellationToken cancellation);

/// <summary>An address that alerts are never sent to.</summary>
internal sealed class AddressRefusedException(string message) : Exception(message);

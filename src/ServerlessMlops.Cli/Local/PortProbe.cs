using System.Net;
using System.Net.Sockets;

namespace ServerlessMlops.Cli.Local;

/// <summary>Who listens on a port of 127.0.0.1.</summary>
internal enum PortState
{
    /// <summary>Nobody: it can be bound.</summary>
    Free,

    /// <summary>The storage emulator, serving what was asked for.</summary>
    Azurite,

    /// <summary>Somebody else.</summary>
    Foreign,
}

/// <summary>Finds out who listens on a port, and what it says of itself.</summary>
internal static class PortProbe
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);

    /// <summary>Whether the port can be bound now.</summary>
    public static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Asks the listener for its name, as the emulator's services give it in the <c>Server</c> header (<c>Azurite-Blob/3.37.0</c>).</summary>
    /// <param name="port">The port.</param>
    /// <param name="service"><c>Blob</c>, <c>Queue</c> or <c>Table</c>.</param>
    /// <param name="time">The clock of the limit.</param>
    /// <param name="cancellation">Ends the call.</param>
    /// <returns>Its state, and the name a foreign listener gave (null where it gave none).</returns>
    public static async Task<(PortState State, string? Name)> AskStorageAsync(int port, string service, TimeProvider time, CancellationToken cancellation)
    {
        if (IsFree(port))
        {
            return (PortState.Free, null);
        }

        using var limit = new CancellationTokenSource(Limit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false });
        try
        {
            using HttpResponseMessage answer = await http.GetAsync(
                new Uri($"http://127.0.0.1:{port}/devstoreaccount1?comp=list"), HttpCompletionOption.ResponseHeadersRead, both.Token);
            string name = answer.Headers.Server.ToString();
            return (name.StartsWith($"Azurite-{service}/", StringComparison.OrdinalIgnoreCase) ? PortState.Azurite : PortState.Foreign, name.Length > 0 ? name : null);
        }
        catch (Exception problem) when (problem is HttpRequestException or OperationCanceledException)
        {
            cancellation.ThrowIfCancellationRequested();
            return (PortState.Foreign, null);
        }
    }
}

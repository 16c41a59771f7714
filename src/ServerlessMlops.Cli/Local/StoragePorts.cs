using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace ServerlessMlops.Cli.Local;

/// <summary>The emulator's three ports on 127.0.0.1.</summary>
internal sealed record StoragePorts(int Blob, int Queue, int Table)
{
    // The emulator's account and key, published by Microsoft and the same in every copy of it; they open nothing else.
    private const string Account = "devstoreaccount1";
    private const string Key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    /// <summary>The emulator's own ports: 10000, 10001, 10002.</summary>
    public static StoragePorts Default { get; } = new(10000, 10001, 10002);

    /// <summary>The three with the service that each serves.</summary>
    public IReadOnlyList<(string Service, int Port)> Services => [("Blob", Blob), ("Queue", Queue), ("Table", Table)];

    /// <summary>What a client connects with.</summary>
    public string ConnectionString => this == Default
        ? "UseDevelopmentStorage=true"
        : string.Create(
            CultureInfo.InvariantCulture,
            $"DefaultEndpointsProtocol=http;AccountName={Account};AccountKey={Key};" +
            $"BlobEndpoint=http://127.0.0.1:{Blob}/{Account};QueueEndpoint=http://127.0.0.1:{Queue}/{Account};TableEndpoint=http://127.0.0.1:{Table}/{Account};");

    /// <summary>Three ports in a row from <paramref name="first"/>; any free ones for 0.</summary>
    /// <exception cref="CliException">They do not fit into 1 to 65535.</exception>
    public static StoragePorts From(int first) => first switch
    {
        0 => Free(),
        > 0 and <= 65533 => new StoragePorts(first, first + 1, first + 2),
        _ => throw CliException.Usage($"--storage-port is {first}; expected 1 to 65533 (three ports in a row are used), or 0 for any free ones."),
    };

    /// <summary>Ports that were free a moment ago. All three are held while they are chosen, so that they differ.</summary>
    private static StoragePorts Free()
    {
        TcpListener[] listeners = [new(IPAddress.Loopback, 0), new(IPAddress.Loopback, 0), new(IPAddress.Loopback, 0)];
        try
        {
            int[] ports = Array.ConvertAll(listeners, listener =>
            {
                listener.Start();
                return ((IPEndPoint)listener.LocalEndpoint).Port;
            });
            return new StoragePorts(ports[0], ports[1], ports[2]);
        }
        finally
        {
            Array.ForEach(listeners, listener => listener.Dispose());
        }
    }
}

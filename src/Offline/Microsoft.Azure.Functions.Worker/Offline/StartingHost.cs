using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Microsoft.Azure.Functions.Worker.Offline;

/// <summary>The app's host; says in a sentence what keeps it from starting.</summary>
internal sealed class StartingHost(WebApplication app, int port, bool exitsOnFault) : IHost, IAsyncDisposable
{
    public IServiceProvider Services => app.Services;

    /// <summary>Where it listens, once it has started.</summary>
    public Uri Address => new(Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    /// <exception cref="InvalidOperationException">The port is taken, or the storage account does not answer.</exception>
    public Task StartAsync(CancellationToken cancellationToken = default) => StartFaults.SayAsync(exitsOnFault, async () =>
    {
        // Looked at before the host starts, which would log a stack trace of what a sentence tells.
        await Services.GetRequiredService<HostStorage>().CheckAsync(cancellationToken);
        CheckPort();
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (IOException e)
        {
            throw CannotListen(e);
        }
    });

    private void CheckPort()
    {
        if (port == 0)
        {
            return;
        }

        try
        {
            using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            probe.Bind(new IPEndPoint(IPAddress.Loopback, port));
            probe.Listen(1);
        }
        catch (SocketException e)
        {
            throw CannotListen(e);
        }
    }

    private InvalidOperationException CannotListen(Exception e) => new(
        $"The app cannot listen on http://127.0.0.1:{port}: {e.Message}. Stop what listens there, or give another port with --port (0 = any free one).", e);

    public Task StopAsync(CancellationToken cancellationToken = default) => app.StopAsync(cancellationToken);

    public void Dispose() => ((IDisposable)app).Dispose();

    public ValueTask DisposeAsync() => app.DisposeAsync();
}

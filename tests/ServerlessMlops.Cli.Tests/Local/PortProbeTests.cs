using System.Net;
using System.Net.Sockets;
using ServerlessMlops.Cli.Local;
using ServerlessMlops.Cli.Tests.ControlPlane;
using ServerlessMlops.TestSupport.Azurite;
using AzuriteProcess = ServerlessMlops.Cli.Local.AzuriteProcess;

namespace ServerlessMlops.Cli.Tests.Local;

public sealed class PortProbeTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    [Fact]
    public async Task AskStorage_Azurite_IsKnownByItsServices()
    {
        (await AskAsync(azurite.Azurite.BlobEndpoint.Port, "Blob")).State.ShouldBe(PortState.Azurite);
        (await AskAsync(azurite.Azurite.QueueEndpoint.Port, "Queue")).State.ShouldBe(PortState.Azurite);
        (await AskAsync(azurite.Azurite.TableEndpoint.Port, "Table")).State.ShouldBe(PortState.Azurite);
    }

    [Fact]
    public async Task AskStorage_AzuritesOtherService_IsForeign() =>
        (await AskAsync(azurite.Azurite.BlobEndpoint.Port, "Table")).State.ShouldBe(PortState.Foreign);

    [Fact]
    public async Task AskStorage_AnotherWebServer_IsForeignByName()
    {
        await using FakeControlPlane other = await FakeControlPlane.StartAsync();

        (await AskAsync(new Uri(other.Url).Port, "Blob")).ShouldBe((PortState.Foreign, "Kestrel"));
    }

    [Fact]
    public async Task AskStorage_ListenerThatHangsUp_IsForeign()
    {
        using var mute = new TcpListener(IPAddress.Loopback, 0);
        mute.Start();
        Task hangUp = mute.AcceptTcpClientAsync().ContinueWith(client => client.Result.Dispose(), TaskScheduler.Default);

        (await AskAsync(((IPEndPoint)mute.LocalEndpoint).Port, "Blob")).ShouldBe((PortState.Foreign, null));
        await hangUp;
    }

    [Fact]
    public async Task IsRunning_ForeignListener_NamesPortProgramAndWayOut()
    {
        await using FakeControlPlane other = await FakeControlPlane.StartAsync();
        var ports = new StoragePorts(new Uri(other.Url).Port, azurite.Azurite.QueueEndpoint.Port, azurite.Azurite.TableEndpoint.Port);

        CliException problem = await Should.ThrowAsync<CliException>(() => AzuriteProcess.IsRunningAsync(ports, TimeProvider.System, CancellationToken.None));

        problem.ExitCode.ShouldBe(ExitCode.Environment);
        problem.Message.ShouldContain($"Port {ports.Blob} on 127.0.0.1, wanted for the emulator's Blob service, is taken by 'Kestrel'");
        problem.Message.ShouldContain("--storage-port");
    }

    [Fact]
    public async Task IsRunning_WholeEmulator_IsUsed() =>
        (await AzuriteProcess.IsRunningAsync(
            new StoragePorts(azurite.Azurite.BlobEndpoint.Port, azurite.Azurite.QueueEndpoint.Port, azurite.Azurite.TableEndpoint.Port),
            TimeProvider.System,
            CancellationToken.None)).ShouldBeTrue();

    private static Task<(PortState State, string? Name)> AskAsync(int port, string service) =>
        PortProbe.AskStorageAsync(port, service, TimeProvider.System, CancellationToken.None);
}

using System.Diagnostics;
using ServerlessMlops.TestSupport.Azurite;

namespace ServerlessMlops.Offline.Tests.TestSupport;

public sealed class AzuriteProcessTests
{
    [Fact]
    public async Task StartAsync_TwoAtOnce_ListenOnPortsOfTheirOwnAndEndWhenDisposed()
    {
        var both = await Task.WhenAll(AzuriteProcess.StartAsync(), AzuriteProcess.StartAsync());
        var ids = both.Select(azurite => azurite.ProcessId).ToArray();

        both.SelectMany(azurite => new[] { azurite.BlobEndpoint.Port, azurite.QueueEndpoint.Port, azurite.TableEndpoint.Port }).Distinct().Count().ShouldBe(6);

        foreach (var azurite in both)
        {
            await azurite.DisposeAsync();
        }

        ids.ShouldAllBe(id => HasEnded(id));
    }

    private static bool HasEnded(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            return process.HasExited;
        }
        catch (ArgumentException)
        {
            return true;
        }
    }
}

using ServerlessMlops.Cli.Local;

namespace ServerlessMlops.Cli.Tests.Local;

public class StoragePortsTests
{
    [Fact]
    public void From_First_TakesThreeInARow() => StoragePorts.From(20000).ShouldBe(new StoragePorts(20000, 20001, 20002));

    [Fact]
    public void From_Zero_TakesThreeDifferentFreeOnes()
    {
        StoragePorts ports = StoragePorts.From(0);

        ports.Services.Select(s => s.Port).Distinct().Count().ShouldBe(3);
        ports.Services.ShouldAllBe(s => s.Port > 0);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(65534)]
    public void From_NoRoomForThree_IsRefused(int first) =>
        Should.Throw<CliException>(() => StoragePorts.From(first)).Message.ShouldContain($"--storage-port is {first}; expected 1 to 65533");

    [Fact]
    public void ConnectionString_DefaultPorts_IsTheShortForm() => StoragePorts.Default.ConnectionString.ShouldBe("UseDevelopmentStorage=true");

    [Fact]
    public void ConnectionString_OtherPorts_NamesThem()
    {
        string connection = StoragePorts.From(20000).ConnectionString;

        connection.ShouldContain("BlobEndpoint=http://127.0.0.1:20000/devstoreaccount1;");
        connection.ShouldContain("TableEndpoint=http://127.0.0.1:20002/devstoreaccount1;");
    }
}

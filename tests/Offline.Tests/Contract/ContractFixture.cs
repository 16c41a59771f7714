using ServerlessMlops.TestSupport.Azurite;

namespace ServerlessMlops.Offline.Tests.Contract;

/// <summary>One emulator and one running app for the contract tests that share it; others start their own on the same emulator.</summary>
public sealed class ContractFixture : IAsyncLifetime
{
    public AzuriteFixture Azurite { get; } = new();

    internal ContractApp App { get; private set; } = null!;

    internal ContractApp.Names NewNames() => new(Azurite.UniqueName("app"));

    internal Task<ContractApp> StartAsync(ContractApp.Names names, params (string Name, string? Value)[] settings) =>
        ContractApp.StartAsync(Azurite.ConnectionString, names, settings);

    public async Task InitializeAsync()
    {
        await Azurite.InitializeAsync();
        App = await StartAsync(NewNames());
    }

    public async Task DisposeAsync()
    {
        await App.DisposeAsync();
        await Azurite.DisposeAsync();
    }
}

[CollectionDefinition(Name)]
public sealed class ContractCollection : ICollectionFixture<ContractFixture>
{
    public const string Name = "Contract";
}

using Xunit;

namespace ServerlessMlops.TestSupport.Azurite;

/// <summary>
/// A storage emulator for a test class (<c>IClassFixture</c>) or a collection of them (<c>ICollectionFixture</c>, declared in the test
/// assembly). It keeps its data in memory; tests share it, so each takes names of its own (<see cref="UniqueName"/>).
/// </summary>
public sealed class AzuriteFixture : IAsyncLifetime
{
    private AzuriteProcess? _azurite;
    private int _names;

    /// <summary>The running emulator.</summary>
    /// <exception cref="InvalidOperationException">Before <see cref="InitializeAsync"/> has completed.</exception>
    public AzuriteProcess Azurite =>
        _azurite ?? throw new InvalidOperationException("Azurite has not been started: await InitializeAsync first (xunit does, for a fixture).");

    /// <summary>A storage connection string with the explicit endpoints of this emulator.</summary>
    public string ConnectionString => Azurite.ConnectionString;

    /// <summary>A name that no other test of this emulator has: letters and digits, valid for a table, a container and a queue.</summary>
    /// <param name="prefix">Lower-case letters and digits, beginning with a letter.</param>
    public string UniqueName(string prefix = "test") => $"{prefix}{Interlocked.Increment(ref _names):0000}";

    /// <inheritdoc/>
    public async Task InitializeAsync() => _azurite ??= await AzuriteProcess.StartAsync();

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (_azurite is not null)
        {
            await _azurite.DisposeAsync();
        }
    }
}

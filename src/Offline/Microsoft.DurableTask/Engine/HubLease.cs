namespace Microsoft.DurableTask.Engine;

/// <summary>Only one process runs the orchestrations of a hub at a time.</summary>
internal interface IHubLease : IAsyncDisposable
{
    /// <summary>Waits until this process owns the hub.</summary>
    /// <returns>A token that is cancelled when the ownership is lost.</returns>
    Task<CancellationToken> AcquireAsync(CancellationToken cancellationToken);

    /// <summary>Lets the next process in at once.</summary>
    Task ReleaseAsync(CancellationToken cancellationToken);
}

/// <summary>For a store that no other process can reach.</summary>
internal sealed class SoleOwnerLease : IHubLease
{
    public Task<CancellationToken> AcquireAsync(CancellationToken cancellationToken) => Task.FromResult(CancellationToken.None);

    public Task ReleaseAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

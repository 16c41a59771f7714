namespace ServerlessMlops.Offline.Tests.Contract;

/// <summary>A test of what only the local runtime says or does: skipped on the published packages.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OfflineFactAttribute : FactAttribute
{
    public OfflineFactAttribute() => Skip = ContractApp.IsOffline ? null : "about the local runtime";
}

/// <inheritdoc cref="OfflineFactAttribute"/>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OfflineTheoryAttribute : TheoryAttribute
{
    public OfflineTheoryAttribute() => Skip = ContractApp.IsOffline ? null : "about the local runtime";
}

namespace Microsoft.DurableTask.Engine;

/// <summary>Where an instance stands, in the words of the public status.</summary>
internal enum InstanceStatus
{
    Pending,
    Running,
    Suspended,
    Completed,
    Failed,
    Terminated,
}

internal static class InstanceStatusExtensions
{
    public static bool IsTerminal(this InstanceStatus status) =>
        status is InstanceStatus.Completed or InstanceStatus.Failed or InstanceStatus.Terminated;
}

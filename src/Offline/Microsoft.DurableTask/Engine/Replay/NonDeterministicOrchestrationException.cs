namespace DurableTask.Core.Exceptions;

/// <summary>The code no longer does what the history says it did. Its name is visible in failure details.</summary>
internal sealed class NonDeterministicOrchestrationException(int eventId, string details)
    : Exception("Non-Deterministic workflow detected: " + details)
{
    public int EventId { get; } = eventId;
}

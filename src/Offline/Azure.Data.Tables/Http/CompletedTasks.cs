namespace Azure.Data.Tables.Http;

/// <summary>For the synchronous methods, which run the same code without ever awaiting.</summary>
internal static class CompletedTasks
{
    public static T Completed<T>(this ValueTask<T> task) =>
        task.IsCompleted
            ? task.GetAwaiter().GetResult()
            : throw new InvalidOperationException("A synchronous call went asynchronous; this is a fault of the double.");
}

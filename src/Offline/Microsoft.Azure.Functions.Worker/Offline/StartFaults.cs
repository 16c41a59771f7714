using Azure;
using Microsoft.Extensions.Options;

namespace Microsoft.Azure.Functions.Worker.Offline;

/// <summary>
/// What keeps an app from starting and is the user's to mend: said in a sentence on standard error, with exit code 1, where the app runs by itself.
/// A test's app throws instead. What nobody foresaw keeps its stack trace.
/// </summary>
internal static class StartFaults
{
    public static T Say<T>(bool exits, Func<T> start)
    {
        try
        {
            return start();
        }
        catch (Exception e) when (exits && IsForeseen(e))
        {
            throw Exit(e);
        }
    }

    public static async Task SayAsync(bool exits, Func<Task> start)
    {
        try
        {
            await start();
        }
        catch (Exception e) when (exits && IsForeseen(e))
        {
            throw Exit(e);
        }
    }

    private static bool IsForeseen(Exception e) =>
        e is InvalidOperationException or OptionsValidationException or FormatException or ArgumentException or RequestFailedException or IOException
        || (e is AggregateException several && several.InnerExceptions.All(IsForeseen));

    private static Exception Exit(Exception e)
    {
        Console.Error.WriteLine($"The app did not start: {e.Message}");
        Environment.Exit(1);
        return e;
    }
}

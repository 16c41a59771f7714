using System.ComponentModel;
using System.Diagnostics;

namespace ServerlessMlops.TestSupport;

/// <summary>Starts a tool, or says which one is missing and what to do.</summary>
internal static class ToolProcess
{
    public static Process Start(ProcessStartInfo start, string advice)
    {
        try
        {
            return Process.Start(start) ?? throw new InvalidOperationException($"'{start.FileName}' did not start. {advice}.");
        }
        catch (Win32Exception exception)
        {
            throw new InvalidOperationException($"'{start.FileName}' could not be started ({exception.Message}). {advice}.", exception);
        }
    }
}

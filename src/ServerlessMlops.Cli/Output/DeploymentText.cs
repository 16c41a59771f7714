using ServerlessMlops.Cli.ControlPlane;

namespace ServerlessMlops.Cli.Output;

/// <summary>What serves, in a sentence.</summary>
internal static class DeploymentText
{
    public static string Of(string pipeline, DeploymentView deployment, TimeProvider time) => deployment.Live is { } live
        ? $"Version [green]{live.Version}[/] of '{pipeline}' serves since {Format.Time(live.Since, time)}" +
          (live.PreviousVersion is { } previous ? $"; a rollback returns to version {previous}." : ".")
        : $"No version of '{pipeline}' serves yet.";
}

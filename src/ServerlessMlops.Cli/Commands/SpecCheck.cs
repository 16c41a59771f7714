using ServerlessMlops.Cli.Output;
using ServerlessMlops.Core.Pipelines;
using Spectre.Console;

namespace ServerlessMlops.Cli.Commands;

/// <summary><c>mlops check SPEC.yaml</c>: whether the app would take a spec; what a pull request asks before it is merged.</summary>
internal static class SpecCheck
{
    /// <summary>Says all the faults of the spec, with line and column.</summary>
    public static int Run(string path, Reporter reporter)
    {
        PipelineSpecResult result = PipelineSpecParser.Parse(File.ReadAllText(path));
        if (reporter.IsJson)
        {
            reporter.Facts(new { File = path, Hash = result.Spec?.ComputeHash(), result.Findings });
        }

        string name = Markup.Escape(Path.GetFileName(path));
        reporter.Say(result.Spec is { } spec
            ? $"{name}: [green]a spec without faults[/], predicts {Markup.Escape(spec.Target)}; hash {Format.Id(spec.ComputeHash())}"
            : $"{name}: [red]a spec with {result.Findings.Count} fault(s)[/]");
        foreach (SpecFinding finding in result.Findings)
        {
            reporter.Say($"  {Markup.Escape(finding.ToString())}");
        }

        return result.Spec is null ? ExitCode.Failed : ExitCode.Success;
    }
}

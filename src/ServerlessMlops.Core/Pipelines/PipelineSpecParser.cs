namespace ServerlessMlops.Core.Pipelines;

/// <summary>
/// Reads pipeline specs. Strict: a key that is not known, a value of the wrong form or a rule that contradicts another is a finding with line and
/// column, and all findings come at once, so that a spec is mended in one go.
/// </summary>
public static class PipelineSpecParser
{
    /// <summary>Findings listed at most; a file that has more is hardly a spec.</summary>
    public const int MaxFindings = 100;

    /// <summary>Parses a spec. Never throws for what the text says.</summary>
    /// <param name="yaml">The file's text: one YAML document (JSON is YAML too).</param>
    public static PipelineSpecResult Parse(string yaml)
    {
        var findings = new List<SpecFinding>();
        var root = SpecYaml.Read(yaml.TrimStart('\uFEFF'), findings);
        PipelineSpec? spec = null;
        if (root is not null)
        {
            var binder = new SpecBinder(findings);
            spec = (PipelineSpec?)binder.BindRecord(typeof(PipelineSpec), root, "");
            if (spec is not null)
            {
                new SpecRules(spec, binder.Positions, findings).CheckAll();
            }
        }

        return findings.Count == 0
            ? new PipelineSpecResult(spec, [])
            : new PipelineSpecResult(null, [.. findings.OrderBy(f => f.Line).ThenBy(f => f.Column).Take(MaxFindings)]);
    }
}

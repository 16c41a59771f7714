using System.Globalization;
using ServerlessMlops.Core.Evaluation;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Calibration;
using ServerlessMlops.Learners.Metrics;

namespace ServerlessMlops.Core.Pipelines;

/// <summary>What a spec must satisfy beyond the form of its values: small checks, each of which notes what it finds.</summary>
internal sealed partial class SpecRules(PipelineSpec spec, IReadOnlyDictionary<string, SpecNode> positions, List<SpecFinding> findings)
{
    public void CheckAll()
    {
        CheckRoles();
        CheckWindow();
        for (int i = 0; i < spec.Expect.Count; i++)
        {
            CheckExpectation(spec.Expect[i], $"expect[{i}]");
        }

        for (int i = 0; i < spec.Tests.Count; i++)
        {
            CheckTest(spec.Tests[i], $"tests[{i}]");
        }

        for (int i = 0; i < spec.Gates.Count; i++)
        {
            CheckGate(spec.Gates[i].Gate, $"gates[{i}]");
        }

        for (int i = 0; i < spec.Train.Candidates.Count; i++)
        {
            if (Candidates.FaultOf(spec.Train.Candidates[i] ?? "", spec.Task) is { } fault)
            {
                Fault($"train.candidates[{i}]", fault);
            }
        }

        if (spec.Train.Metric is { } metric)
        {
            Metric? known = Metric.All.FirstOrDefault(m => m.Name == metric);
            string hint = Spelling.DidYouMean(metric, Metric.All.Select(m => m.Name));
            if (known is null)
            {
                Fault("train.metric", $"the metric '{metric}' is unknown; known are {string.Join(", ", Metric.All.Select(m => m.Name))}.{hint}");
            }
            else if (spec.Task is { } task && new GateSubject(GateSubjectKind.Metric, metric).Fault(task) is { } unfit)
            {
                Fault("train.metric", $"{unfit}.");
            }
        }

        if (spec.Train.Candidates.Count == 0)
        {
            Fault("train.candidates", "the list is empty; name at least one candidate.");
        }

        CheckRefinement();
        CheckDeploy();
        CheckScoring();
        for (int i = 0; i < spec.Alerts.Count; i++)
        {
            CheckAlert(spec.Alerts[i], $"alerts[{i}]");
        }
    }

    private void CheckAlert(AlertSpec rule, string path)
    {
        // What the setting holds is sent to the channel's service: a spec must not be able to name, say, the storage account's key.
        if (rule.UrlSetting is { } setting && !(setting.Length > 7 && setting.StartsWith("ALERTS_", StringComparison.Ordinal) && setting.All(c => char.IsAsciiLetterOrDigit(c) || c == '_')))
        {
            Fault($"{path}.urlSetting", $"'{setting}' cannot name an alert setting; expected ALERTS_ and then letters, digits and underscores, such as ALERTS_ONCALL_URL.");
        }

        if (rule.After is { } after && (after.Within <= TimeSpan.Zero || after.Within > TimeSpan.FromDays(30)))
        {
            Fault($"{path}.after.within", $"{SpecDuration.Format(after.Within)} is not within 0 and 30d.");
        }
    }

    private void CheckRefinement()
    {
        if (spec.Train.Costs is { } costs && !(costs.Fp > costs.Tn && costs.Fn > costs.Tp))
        {
            Fault("train.costs", "a wrong decision must cost more than a right one: fp more than tn, and fn more than tp.");
        }

        if (spec.Task is not { } task)
        {
            return;
        }

        bool isRegression = task == LearningTask.Regression;
        foreach ((string key, bool isSet, bool fits, string what) in new[]
        {
            ("train.costs", spec.Train.Costs is not null, task == LearningTask.Binary, "binary decisions have costs"),
            ("train.calibration", spec.Train.Calibration != CalibrationMethod.None, !isRegression, "probabilities are calibrated"),
            ("train.interval", spec.Train.Interval > 0, isRegression, "regressions have intervals"),
        })
        {
            if (isSet && !fits)
            {
                Fault(key, $"the task is {task.ToString().ToLowerInvariant()}; only {what}.");
            }
        }
    }

    private void CheckRoles()
    {
        if (string.IsNullOrWhiteSpace(spec.Target))
        {
            Fault("target", "the name is empty; name the column to predict.");
        }

        if (spec.Key is not null && spec.Key == spec.Target)
        {
            Fault("key", $"'{spec.Key}' is the target too; a key names a row, a target is predicted. Name another column.");
        }

        if (spec.Time is not null && (spec.Time == spec.Target || spec.Time == spec.Key))
        {
            Fault("time", $"'{spec.Time}' is the {(spec.Time == spec.Target ? "target" : "key")} too; name the column that says when a row happened.");
        }

        foreach (var (role, name) in new[] { ("target", spec.Target), ("key", spec.Key), ("time", spec.Time) })
        {
            if (name is not null && spec.Columns.TryGetValue(name, out var column) && column.Ignore)
            {
                Fault($"columns.{name}", $"the column is ignored here and is the {role}; it cannot be both.");
            }
        }
    }

    private void CheckWindow()
    {
        foreach (var (path, period) in new[]
        {
            ("monitor.window", spec.Monitor.Window), ("deploy.approvalTimeout", spec.Deploy.ApprovalTimeout), ("monitor.slo.p99", spec.Monitor.Slo.P99),
        })
        {
            if (period <= TimeSpan.Zero)
            {
                Fault(path, "the period is zero; it must be longer.");
            }
        }
    }

    private void CheckGate(string text, string path)
    {
        if (!Gate.TryParse(text, out Gate? gate, out string? fault))
        {
            Fault(path, $"'{text}': {fault}");
        }
        else if (spec.Task is { } task && gate.Subject.Fault(task) is { } unfit)
        {
            Fault(path, $"'{text}': {unfit}");
        }
    }

    private void CheckTest(BehaviouralTest test, string path)
    {
        string[] kinds = [.. test.Kinds];
        if (kinds.Length != 1)
        {
            Fault(path, $"{(kinds.Length == 0 ? "no kind of test is given" : "these kinds stand together: " + string.Join(", ", kinds))}; a test has exactly one ({string.Join(", ", BehaviouralTest.AllKinds)}).");
            return;
        }

        if (test.Range is { } range && (range is { AtLeast: null, AtMost: null } || range.AtLeast > range.AtMost))
        {
            Fault($"{path}.range", range.AtLeast > range.AtMost ? "'atLeast' is above 'atMost'; swap them." : "neither 'atLeast' nor 'atMost' is given; give one or both.");
        }

        if (test.Cases is { Count: 0 })
        {
            Fault($"{path}.cases", "the list is empty, so nothing would be tested; name at least one case.");
        }

        for (int i = 0; i < (test.Cases?.Count ?? 0); i++)
        {
            TestCase one = test.Cases![i];
            if (one.Class is null && one.AtLeast is null && one.AtMost is null)
            {
                Fault($"{path}.cases[{i}]", "nothing is expected; give 'class', 'atLeast' or 'atMost'.");
            }
            else if (one.Row.Count == 0)
            {
                Fault($"{path}.cases[{i}].row", "the row is empty; give at least one column's value.");
            }
        }
    }

    private void CheckDeploy()
    {
        var steps = spec.Deploy.Steps;
        for (int i = 0; i < steps.Count; i++)
        {
            if (steps[i] <= (i == 0 ? 0 : steps[i - 1]) || steps[i] > 1)
            {
                Fault($"deploy.steps[{i}]", string.Create(CultureInfo.InvariantCulture, $"{steps[i] * 100}% does not rise from the step before, or is not within 0% to 100%."));
            }
        }

        if (spec.Deploy.Strategy == DeployStrategy.Canary && (steps.Count == 0 || steps[^1] != 1))
        {
            Fault("deploy.steps", "a canary ends at 100%; add it as the last step.");
        }

        if (spec.Deploy.Hold <= TimeSpan.Zero)
        {
            Fault("deploy.hold", "the period is zero; without a hold write 'strategy: replace'.");
        }

        if (positions.ContainsKey("deploy.maxHold") && spec.Deploy.MaxHold < spec.Deploy.Hold)
        {
            Fault("deploy.maxHold", $"{SpecDuration.Format(spec.Deploy.MaxHold)} is shorter than 'hold' ({SpecDuration.Format(spec.Deploy.Hold)}); a step is watched at least for 'hold' and at most for 'maxHold'.");
        }

        if (spec.Deploy.Judge.FalseRollbacks == 0)
        {
            Fault("deploy.judge.falseRollbacks", "at 0 nothing is ever rolled back by itself; give a chance such as 0.05.");
        }
    }

    /// <summary>Notes a fault at the value of a path, or at the nearest value above it that the file has.</summary>
    private void Fault(string path, string message)
    {
        string at = path;
        while (at.Length > 0 && !positions.ContainsKey(at))
        {
            int cut = at.LastIndexOfAny(['.', '[']);
            at = cut < 0 ? "" : at[..cut];
        }

        var node = positions.GetValueOrDefault(at);
        findings.Add(new SpecFinding(node?.Line ?? 1, node?.Column ?? 1, path, message));
    }
}

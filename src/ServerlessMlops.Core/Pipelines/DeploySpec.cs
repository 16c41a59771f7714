namespace ServerlessMlops.Core.Pipelines;

/// <summary>How a registered model goes live.</summary>
public enum DeployStrategy
{
    /// <summary>At once.</summary>
    Replace,

    /// <summary>First it answers beside the live one, unseen by callers.</summary>
    Shadow,

    /// <summary>It takes a growing share of the requests.</summary>
    Canary,

    /// <summary>It stands by, answering who asks for its version, and then takes all requests at once while the one before stands by.</summary>
    BlueGreen,
}

/// <summary>Who lets a model go live.</summary>
public enum DeployApproval
{
    /// <summary>The gates alone.</summary>
    None,

    /// <summary>A person, after the gates.</summary>
    Manual,
}

/// <summary>How a registered model goes live.</summary>
public sealed record DeploySpec
{
    /// <summary>The way it takes.</summary>
    public DeployStrategy Strategy { get; init; } = DeployStrategy.Replace;

    /// <summary>Canary: the share of requests at each step (as percentages in YAML, here 0 to 1), rising to 100%.</summary>
    [SpecPercentages]
    public IReadOnlyList<double> Steps { get; init; } = [0.05, 0.25, 1];

    /// <summary>How long a step, or the shadow, is watched before the next.</summary>
    public TimeSpan Hold { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Who lets it go live.</summary>
    public DeployApproval Approval { get; init; } = DeployApproval.None;

    /// <summary>How long a person has to approve; then the rollout ends without promotion.</summary>
    public TimeSpan ApprovalTimeout { get; init; } = TimeSpan.FromDays(7);
}

/// <summary>When a training starts by itself, beside each accepted upload.</summary>
public sealed record RetrainSpec
{
    /// <summary>Whether an accepted upload asks for a training.</summary>
    public bool OnUpload { get; init; } = true;

    /// <summary>Whether the nightly timer asks for a training when there is new data.</summary>
    public bool Nightly { get; init; } = true;

    /// <summary>Whether confirmed drift asks for a training.</summary>
    public bool OnDrift { get; init; } = true;

    /// <summary>New labels that ask for a training; 0 is never.</summary>
    [SpecRange(0, 1e15)]
    public long MinLabels { get; init; }

    /// <summary>Least time between trainings that start by themselves because of drift or labels.</summary>
    public TimeSpan Cooldown { get; init; } = TimeSpan.FromHours(12);

    /// <summary>Most trainings a day that start by themselves because of drift or labels.</summary>
    [SpecRange(0, 1000)]
    public int DailyBudget { get; init; } = 4;

    /// <summary>After so many rejected candidates in a row, drift and labels ask no more until a person does; 0 is never.</summary>
    [SpecRange(0, 1000)]
    public int FreezeAfterRejections { get; init; } = 3;
}

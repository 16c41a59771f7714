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

/// <summary>What becomes of a rollout that has had too few requests when its longest time is over.</summary>
public enum WithoutEvidence
{
    /// <summary>It holds where it stands until there are more, or a person decides; after 30 days it is rolled back.</summary>
    Hold,

    /// <summary>The challenger goes.</summary>
    RollBack,

    /// <summary>It goes on: the gates have been passed.</summary>
    Promote,
}

/// <summary>When a challenger counts as worse: by as much as is said here, and not by chance.</summary>
public sealed record JudgeSpec
{
    /// <summary>Most chance, 0 to 1, that a rollout of a model no worse than the live one is rolled back, all its steps and looks together.</summary>
    [SpecRange(0, 1)]
    public double FalseRollbacks { get; init; } = 0.05;

    /// <summary>Failed requests: how much larger their share may be, 0 to 1.</summary>
    [SpecRange(0, 1)]
    public double Errors { get; init; } = 0.01;

    /// <summary>Time to answer: by what factor the median or the 99th percentile may grow. Below a tenth of <c>monitor.slo.p99</c> it does not matter.</summary>
    [SpecRange(1, 1000)]
    public double Slowdown { get; init; } = 2;

    /// <summary>Outputs: how far (Cramer's V, 0 to 1) they may be from those on the version's own hold-out, where the live version's are not.</summary>
    [SpecRange(0, 1)]
    public double Output { get; init; } = 0.3;

    /// <summary>Mean output: how far from the live version's, as a probability (binary) or in standard deviations (regression).</summary>
    [SpecRange(0, 1000)]
    public double MeanShift { get; init; } = 0.1;

    /// <summary>Mean loss where labels are known: by what share of the live version's it may grow.</summary>
    [SpecRange(0, 1000)]
    public double Loss { get; init; } = 0.05;
}

/// <summary>How a registered model goes live.</summary>
public sealed record DeploySpec
{
    /// <summary>The way it takes.</summary>
    public DeployStrategy Strategy { get; init; } = DeployStrategy.Replace;

    /// <summary>Canary: the share of requests at each step (as percentages in YAML, here 0 to 1), rising to 100%.</summary>
    [SpecPercentages]
    public IReadOnlyList<double> Steps { get; init; } = [0.05, 0.25, 1];

    /// <summary>How long a step of a canary, the shadow, or blue and green before and after they change places, is watched at least.</summary>
    public TimeSpan Hold { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>How long it is watched at most while there is too little evidence; then <c>withoutEvidence</c> says what becomes of it. Never less than <c>hold</c>.</summary>
    public TimeSpan MaxHold { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Requests that a challenger must have answered in a step before it goes on.</summary>
    [SpecRange(0, 1e9)]
    public long MinimumRequests { get; init; } = 200;

    /// <summary>What becomes of it when the longest time is over with too few requests.</summary>
    public WithoutEvidence WithoutEvidence { get; init; } = WithoutEvidence.Hold;

    /// <summary>When a challenger counts as worse.</summary>
    public JudgeSpec Judge { get; init; } = new();

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

    /// <summary>Whether drift asks for a training that no label has confirmed: inputs or estimates that moved.</summary>
    public bool OnSuspicion { get; init; }

    /// <summary>In how many windows in a row, sharing no traffic, a suspicion must be raised to ask for a training.</summary>
    [SpecRange(1, 1000)]
    public int SuspicionWindows { get; init; } = 3;

    /// <summary>New labels that ask for a training; 0 is never.</summary>
    [SpecRange(0, 1e15)]
    public long MinLabels { get; init; }

    /// <summary>
    /// With <c>minLabels</c>: whether predictions that got their label become rows to learn from. They are put, inputs as they were scored, into files under
    /// <c>uploads/{pipeline}/labelled/</c>. Say <c>false</c> where uploads bring the same rows and there is no <c>key</c> to tell them by.
    /// </summary>
    public bool LearnFromLabels { get; init; } = true;

    /// <summary>Least time between trainings that start by themselves because of drift or labels.</summary>
    public TimeSpan Cooldown { get; init; } = TimeSpan.FromHours(12);

    /// <summary>Most trainings a day that start by themselves because of drift or labels.</summary>
    [SpecRange(0, 1000)]
    public int DailyBudget { get; init; } = 4;

    /// <summary>After so many rejected candidates in a row, drift and labels ask no more until a person does; 0 is never.</summary>
    [SpecRange(0, 1000)]
    public int FreezeAfterRejections { get; init; } = 3;
}

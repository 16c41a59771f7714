using ServerlessMlops.Core.Scoring;

namespace ServerlessMlops.Functions.Scoring;

/// <summary>One pipeline. Its models are swapped by one assignment.</summary>
/// <param name="pipeline">The pipeline.</param>
/// <param name="named">Versions that were asked for by name.</param>
/// <param name="absence">What is answered until the first refresh has ended.</param>
internal sealed class PipelineSlot(string pipeline, NamedModels named, ScoringProblem absence)
{
    private volatile ServingModels? _serving;
    private long _checkedAt;

    public string Pipeline { get; } = pipeline;

    public NamedModels Named { get; } = named;

    public ServingModels? Serving
    {
        get => _serving;
        set => _serving = value;
    }

    public long CheckedAt
    {
        get => Volatile.Read(ref _checkedAt);
        set => Volatile.Write(ref _checkedAt, value);
    }

    public (string? SpecHash, ScoringRules Rules)? Rules { get; set; }

    public bool WasChecked { get; set; }

    public Task Running { get; set; } = Task.CompletedTask;

    /// <summary>What is answered while nothing serves.</summary>
    public ScoringProblem Absence { get; set; } = absence;

    public string? Fault { get; set; }

    public DateTimeOffset? RefreshedAt { get; set; }

    public ModelLookup Lookup() => Serving is { } serving ? new ModelLookup(serving.Champion, null, serving.Challenger) : new ModelLookup(null, Absence);
}

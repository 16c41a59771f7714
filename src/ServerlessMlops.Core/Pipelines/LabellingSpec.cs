namespace ServerlessMlops.Core.Pipelines;

/// <summary>Which of a day's predictions people are asked to label.</summary>
public sealed record LabellingSpec
{
    /// <summary>Rows a day; 0 asks for none.</summary>
    [SpecRange(0, 5000)]
    public int Rows { get; init; } = 100;

    /// <summary>The share of them (0.05 to 1) that is drawn at random from what is not picked for a reason, so that estimates from labels stay honest.</summary>
    [SpecRange(0.05, 1)]
    public double Random { get; init; } = 0.25;
}

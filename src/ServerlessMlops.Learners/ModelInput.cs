namespace ServerlessMlops.Learners;

/// <summary>How a model's input arrives.</summary>
public enum InputKind
{
    /// <summary>A number; NaN means missing.</summary>
    Number,

    /// <summary>A name; encoded by the scoring model. Unknown and missing are different things.</summary>
    Category,
}

/// <summary>One input of a model, in the order of its feature vector.</summary>
/// <param name="Name">Column name.</param>
/// <param name="Kind">How it arrives.</param>
public sealed record ModelInput(string Name, InputKind Kind)
{
    /// <summary>The names that the model knows, for <see cref="InputKind.Category"/>; any other is unknown.</summary>
    public IReadOnlyList<string> Categories { get; init; } = [];
}

namespace ServerlessMlops.Learners.Calibration;

/// <summary>How probabilities are corrected after training.</summary>
public enum CalibrationMethod
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>By a slope and an intercept on the score (<see cref="CalibrationFit.Platt"/>); several classes by a temperature. Serves few rows.</summary>
    Platt,

    /// <summary>By a rising step function of the score (<see cref="CalibrationFit.Isotonic"/>), from about a thousand rows on; several classes by a temperature.</summary>
    Isotonic,
}

/// <summary>What is made of a trained model beside its scores. What a task has no use for is left out.</summary>
public sealed record RefinementOptions
{
    /// <summary>Classes: how probabilities are corrected. Default not at all.</summary>
    public CalibrationMethod Calibration { get; init; }

    /// <summary>Two classes: what decisions cost, for the threshold of the positive one; null (default) leaves it at 0.5.</summary>
    public CostMatrix? Costs { get; init; }

    /// <summary>Regression: share of true values that an interval around the prediction is to hold, above 0 and below 1; 0 (default) for none.</summary>
    public double Coverage { get; init; }

    /// <summary>Whether a task has something to do here.</summary>
    public bool Applies(LearningTask task) => task switch
    {
        LearningTask.Regression => Coverage > 0,
        LearningTask.Binary => Calibration != CalibrationMethod.None || Costs is not null,
        _ => Calibration != CalibrationMethod.None,
    };
}

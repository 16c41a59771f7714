namespace ServerlessMlops.Learners;

/// <summary>What is learned.</summary>
public enum LearningTask
{
    /// <summary>One of two classes; the model gives the probability of the second (positive) one.</summary>
    Binary,

    /// <summary>One of three or more classes; the model gives a probability for each.</summary>
    Multiclass,

    /// <summary>A number.</summary>
    Regression,
}

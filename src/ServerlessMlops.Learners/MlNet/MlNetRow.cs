using Microsoft.ML.Data;

namespace ServerlessMlops.Learners.MlNet;

/// <summary>A row as ML.NET reads it: one feature vector, the label in the three forms that its trainers ask for, the weight.</summary>
internal sealed class MlNetRow
{
    /// <summary>Dense for trees, sparse for linear models.</summary>
    public VBuffer<float> Features;

    /// <summary>Label of regression.</summary>
    public float Value;

    /// <summary>Label of two classes.</summary>
    public bool IsPositive;

    /// <summary>Label of several classes: the class number. ML.NET makes its own key of it, one more, when it reads the row.</summary>
    public uint ClassNumber;

    /// <summary>At least 0.</summary>
    public float Weight;
}

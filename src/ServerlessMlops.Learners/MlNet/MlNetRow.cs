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

    /// <summary>Label of several classes, a key: class number + 1, as 0 is a missing key.</summary>
    public uint ClassKey;

    /// <summary>At least 0.</summary>
    public float Weight;
}

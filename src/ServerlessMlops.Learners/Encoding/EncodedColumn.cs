namespace ServerlessMlops.Learners.Encoding;

/// <summary>
/// How one column of a predictor's input is made from one input of the model. Predictors see float columns only; everything that has to
/// be remembered from training to make them (means, target statistics) stands here, and is written into the model file.
/// </summary>
/// <param name="Input">Index of the model's input.</param>
public abstract record EncodedColumn(int Input);

/// <summary>The number as it is; a missing one stays NaN.</summary>
/// <param name="Input">Index of the model's input, a number.</param>
public sealed record PassThrough(int Input) : EncodedColumn(Input);

/// <summary>A number, filled in where it is missing, then <c>(x - Offset) * Scale</c>.</summary>
/// <param name="Input">Index of the model's input, a number.</param>
/// <param name="Fill">Stands for a missing number.</param>
/// <param name="Offset">Subtracted; usually the mean in training.</param>
/// <param name="Scale">Factor; usually one over the standard deviation in training.</param>
public sealed record Standardized(int Input, float Fill, float Offset, float Scale) : EncodedColumn(Input);

/// <summary>1 where the number is missing, else 0.</summary>
/// <param name="Input">Index of the model's input, a number.</param>
public sealed record MissingIndicator(int Input) : EncodedColumn(Input);

/// <summary>A number for each category: a target statistic, or the weight that a linear model gives it.</summary>
/// <param name="Input">Index of the model's input, a category.</param>
/// <param name="Values">By category, in the order of <see cref="ModelInput.Categories"/>.</param>
/// <param name="Unknown">For a category that the model does not know.</param>
/// <param name="Missing">For a missing one; may be NaN, which trees send the way that they learned.</param>
public sealed record CategoryLookup(int Input, float[] Values, float Unknown, float Missing) : EncodedColumn(Input);

/// <summary>
/// A category as a code that trees split by sets of (<see cref="Boosting.CategorySet"/>): frequent categories have a code each, all others share that of unknown ones, and
/// a missing one has the last.
/// </summary>
/// <param name="Input">Index of the model's input, a category.</param>
/// <param name="Codes">By category, in the order of <see cref="ModelInput.Categories"/>: 0 ... <paramref name="Unknown"/>.</param>
/// <param name="Unknown">For rare categories and those that the model does not know.</param>
public sealed record CategoryCodes(int Input, int[] Codes, int Unknown) : EncodedColumn(Input)
{
    /// <summary>For a missing category: the largest code.</summary>
    public int Missing => Unknown + 1;

    /// <summary>How many codes there are, those of unknown and missing categories included; at most <see cref="Boosting.CategorySet.MaxCodes"/>.</summary>
    public int Count => Unknown + 2;
}

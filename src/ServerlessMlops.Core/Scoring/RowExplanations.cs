namespace ServerlessMlops.Core.Scoring;

/// <summary>
/// What each input contributed to the answers of a batch (SHAP values of the raw score, before calibration and link: log-odds for classes, the target's
/// unit for regression). Made only where a request asks for it.
/// </summary>
public sealed class RowExplanations
{
    /// <summary>Most rows that one request may have explained: an explanation costs thousands of times what a score does.</summary>
    public const int MostRows = 100;

    private readonly double[] _bases;
    private readonly double[] _contributions;
    private readonly int _width;

    private RowExplanations(int rows, int width)
    {
        _width = width;
        _bases = new double[rows];
        _contributions = new double[rows * width];
    }

    /// <summary>Explains scored rows; for several classes, the class that each row was decided for.</summary>
    internal static RowExplanations Of(ScoringBatch batch, ServingModel model)
    {
        int width = model.Signature.Width;
        var explanations = new RowExplanations(batch.Rows, width);
        for (int row = 0; row < batch.Rows; row++)
        {
            int decided = Math.Max(0, model.Outputs.Decide(batch.Outputs.Slice(row * batch.OutputWidth, batch.OutputWidth)));
            explanations._bases[row] = model.Predictor.Explain(
                batch.Features.Slice(row * width, width), decided, explanations._contributions.AsSpan(row * width, width));
        }

        return explanations;
    }

    /// <summary>Score of the average training row.</summary>
    public double Base(int row) => _bases[row];

    /// <summary>A number for each input; with <see cref="Base"/> they add up to the row's score.</summary>
    public ReadOnlySpan<double> Contributions(int row) => _contributions.AsSpan(row * _width, _width);

    /// <summary>Writes <c>,"explanation":{"base":-1.2,"score":0.4,"contributions":{"speed":1.6}}</c> into the object of a row.</summary>
    internal void Write(ref JsonText json, ServingModel model, int row)
    {
        ReadOnlySpan<double> contributions = Contributions(row);
        double score = _bases[row];
        foreach (double contribution in contributions)
        {
            score += contribution;
        }

        json.Append(",\"explanation\":{\"base\":"u8);
        json.Append((float)_bases[row]);
        json.Append(",\"score\":"u8);
        json.Append((float)score);
        json.Append(",\"contributions\":{"u8);
        for (int input = 0; input < contributions.Length; input++)
        {
            json.Append(input == 0 ? "\""u8 : ",\""u8);
            json.Append(model.InputNames[input].EncodedUtf8Bytes);
            json.Append("\":"u8);
            json.Append((float)contributions[input]);
        }

        json.Append("}}"u8);
    }
}

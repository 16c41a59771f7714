namespace ServerlessMlops.Core.Scoring;

/// <summary>
/// The rows of one request as feature vectors, with what is wrong with them: what every protocol's reader fills and everything after it reads.
/// Reused from request to request, so that a request allocates nothing here once the arrays have grown. Not thread-safe.
/// </summary>
public sealed partial class ScoringBatch
{
    private const int KeptFeatures = 1 << 20;

    private float[] _features = [];
    private int[] _codes = [];
    private float[] _outputs = [];

    /// <summary>The signature that the rows are read by.</summary>
    public ScoringSignature Signature { get; private set; } = null!;

    /// <summary>The version of the model.</summary>
    public int Version { get; private set; }

    /// <summary>Number of rows.</summary>
    public int Rows { get; private set; }

    /// <summary>Outputs per row of <see cref="Outputs"/>.</summary>
    public int OutputWidth { get; private set; }

    /// <summary>Rows times inputs, row by row.</summary>
    public ReadOnlySpan<float> Features => _features.AsSpan(0, Rows * Signature.Width);

    /// <summary>
    /// Rows times the inputs that are categories, row by row: positions in the signature's categories,
    /// <see cref="ScoringSignature.MissingCategory"/> or <see cref="ScoringSignature.UnknownCategory"/>.
    /// </summary>
    public ReadOnlySpan<int> CategoryCodes => _codes.AsSpan(0, Rows * Signature.CategoryCount);

    /// <summary>Rows times <see cref="OutputWidth"/>, row by row; filled by <see cref="Predict"/>.</summary>
    public ReadOnlySpan<float> Outputs => _outputs.AsSpan(0, Rows * OutputWidth);

    /// <summary>The largest number of rows that the limits allow.</summary>
    internal int MaxRows { get; private set; }

    /// <summary>Empties the batch for a request to a model of that signature.</summary>
    /// <param name="signature">The model's signature.</param>
    /// <param name="version">The model's version.</param>
    /// <param name="limits">What a request may ask for.</param>
    public void Reset(ScoringSignature signature, int version, ScoringLimits limits)
    {
        // One huge request must not hold its memory for ever.
        if (_features.Length > KeptFeatures)
        {
            _features = [];
            _codes = [];
            _outputs = [];
        }

        Signature = signature;
        Version = version;
        MaxRows = limits.MaxRows;
        Rows = 0;
        ForgetKeys();
        _propertyCount = 0;
        MayScan = true;
        WasScanned = false;
        WantsExplanation = false;
        Explanations = null;
        ResetFindings(signature.Width);
    }

    /// <summary>Scores all rows.</summary>
    public void Predict(IRowPredictor predictor)
    {
        OutputWidth = predictor.OutputCount;
        int needed = Rows * OutputWidth;
        if (_outputs.Length < needed)
        {
            _outputs = new float[Math.Max(needed, 16)];
        }

        predictor.Predict(Features, _outputs.AsSpan(0, needed));
    }

    /// <summary>Whether the quick reading of matrices may be tried.</summary>
    internal bool MayScan { get; set; }

    /// <summary>Whether a matrix was read the quick way, so that positions in the text after it are not known.</summary>
    internal bool WasScanned { get; set; }

    /// <summary>Forgets all rows and what was found in them; what was found in the columns stays.</summary>
    internal void ForgetRows()
    {
        Rows = 0;
        ForgetKeys();
        ForgetRowFindings();
    }

    /// <summary>Begins a row: all its features are missing until they are set.</summary>
    /// <returns>The row's number.</returns>
    internal int AddRow()
    {
        if (Rows == MaxRows)
        {
            throw new ScoringProblemException(ScoringProblem.TooLarge(
                $"The request has more than {MaxRows} rows, the most that one request may carry. Send it in several requests, or drop the file into the scoring container."));
        }

        int width = Signature.Width;
        if ((Rows + 1) * width > _features.Length)
        {
            Array.Resize(ref _features, Math.Max((Rows + 1) * width, Math.Min(_features.Length * 2, MaxRows * width)));
        }

        int categories = Signature.CategoryCount;
        if ((Rows + 1) * categories > _codes.Length)
        {
            Array.Resize(ref _codes, Math.Max((Rows + 1) * categories, Math.Min(_codes.Length * 2, MaxRows * categories)));
        }

        return Rows++;
    }
}

namespace ServerlessMlops.Cli.Demo;

/// <summary>What the demo did and found; with <c>--json</c> this is what it prints.</summary>
internal sealed record DemoFacts
{
    public required string Pipeline { get; init; }

    /// <summary>Base address of the app.</summary>
    public required string Url { get; init; }

    /// <summary>Whether all of it was there from an earlier demo and nothing was written.</summary>
    public required bool Repeated { get; init; }

    /// <summary>Path of the upload in its container.</summary>
    public required string Upload { get; init; }

    public required string IngestionRun { get; init; }

    /// <summary>The batch that the upload became.</summary>
    public string? BatchId { get; init; }

    public required string TrainingRun { get; init; }

    public string? DatasetId { get; init; }

    /// <summary>The version that serves.</summary>
    public required int Version { get; init; }

    public required string ModelId { get; init; }

    public string? Candidate { get; init; }

    /// <summary>Number of versions the pipeline has.</summary>
    public required int Versions { get; init; }

    /// <summary>Metrics on the hold-out, by name.</summary>
    public required IReadOnlyDictionary<string, double> Metrics { get; init; }

    public required IReadOnlyList<DemoPrediction> Predictions { get; init; }

    /// <summary>Time from the upload to the last prediction, in seconds.</summary>
    public required double Seconds { get; init; }
}

/// <summary>A held-back row that was scored.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Row">What it is about, in a few words.</param>
/// <param name="Prediction">What the model says.</param>
/// <param name="Actual">What was true.</param>
internal sealed record DemoPrediction(string Key, string Row, System.Text.Json.JsonElement Prediction, string Actual);

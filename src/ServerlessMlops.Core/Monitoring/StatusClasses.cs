namespace ServerlessMlops.Core.Monitoring;

/// <summary>How a request ended, in the five classes that service levels are made of.</summary>
public static class StatusClasses
{
    /// <summary>Number of classes.</summary>
    public const int Count = 5;

    /// <summary>Answered: 1xx to 3xx.</summary>
    public const int Answered = 0;

    /// <summary>The caller's fault: 4xx but 429.</summary>
    public const int CallerFault = 1;

    /// <summary>Turned away for want of capacity: 429 and 503. Against the service level.</summary>
    public const int TurnedAway = 2;

    /// <summary>Our fault: other 5xx. Against the service level.</summary>
    public const int ServerFault = 3;

    /// <summary>The caller went away before the answer: 499.</summary>
    public const int Abandoned = 4;

    /// <summary>The class of an HTTP status.</summary>
    public static int Of(int status) => status switch
    {
        429 or 503 => TurnedAway,
        499 => Abandoned,
        >= 500 => ServerFault,
        >= 400 => CallerFault,
        _ => Answered,
    };
}

namespace ServerlessMlops.Core.Evaluation;

/// <summary>How a gate or a test was decided.</summary>
public enum Verdict
{
    /// <summary>The model has what is asked.</summary>
    Passed,

    /// <summary>The model lacks what is asked, beyond what chance explains.</summary>
    Failed,

    /// <summary>The rows cannot tell: too few, of one kind only, or a difference that chance explains.</summary>
    InsufficientEvidence,
}

/// <summary>How verdicts, numbers and intervals read in sentences.</summary>
internal static class Words
{
    /// <summary>A number to four decimals; very small and very large ones by four significant digits.</summary>
    public static string Number(double value) =>
        value != 0 && (Math.Abs(value) < 0.001 || Math.Abs(value) >= 1e9)
            ? value.ToString("G4", System.Globalization.CultureInfo.InvariantCulture)
            : value.ToString("0.####", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>A share as a percentage to two decimals.</summary>
    public static string Percent(double share) => (share * 100).ToString("0.##", System.Globalization.CultureInfo.InvariantCulture) + "%";

    /// <summary>A count of things.</summary>
    public static string Count(int number, string what) => number == 1 ? $"1 {what}" : $"{number} {what}s";

    /// <summary>A p-value.</summary>
    public static string PValue(double value) => value < 0.001 ? "p < 0.001" : $"p = {value.ToString("0.###", System.Globalization.CultureInfo.InvariantCulture)}";

    /// <summary>A verdict.</summary>
    public static string Of(Verdict verdict) => verdict switch { Verdict.Passed => "passed", Verdict.Failed => "failed", _ => "insufficient evidence" };
}

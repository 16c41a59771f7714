using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ServerlessMlops.Core.Pipelines;

/// <summary>
/// Which of a pipeline's batches a training sees. Both limits null: all of them.
/// </summary>
/// <param name="Batches">The newest so many batches, at least 1.</param>
/// <param name="Period">Rows of the last so long, counted back from the newest value of the time column (without one: from the newest upload).</param>
[JsonConverter(typeof(DataWindowJsonConverter))]
public sealed record DataWindow(int? Batches, TimeSpan? Period) : ISpecScalar<DataWindow>
{
    /// <summary>Everything.</summary>
    public static DataWindow All { get; } = new(null, null);

    /// <inheritdoc/>
    public static string ScalarPattern => @"^(all|[0-9]+ ?(batch|batches)|[0-9]+(\.[0-9]+)?(ms|s|m|h|d|w))$";

    /// <inheritdoc/>
    public static string ScalarForm => "'all', a number of batches such as '12 batches', or a period such as '90d'";

    /// <inheritdoc/>
    public static DataWindow? FromScalar(string text)
    {
        if (text == "all")
        {
            return All;
        }

        var parts = text.EndsWith("batches", StringComparison.Ordinal) ? text[..^7] : text.EndsWith("batch", StringComparison.Ordinal) ? text[..^5] : null;
        if (parts is not null)
        {
            return int.TryParse(parts.TrimEnd(), NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count > 0 ? new DataWindow(count, null) : null;
        }

        return SpecDuration.TryParse(text, out var period) && period > TimeSpan.Zero ? new DataWindow(null, period) : null;
    }

    /// <summary>The form that the YAML has.</summary>
    public override string ToString() => Batches is { } count ? $"{count} batches" : Period is { } period ? SpecDuration.Format(period) : "all";
}

/// <summary>A window as the string that the YAML has.</summary>
public sealed class DataWindowJsonConverter : JsonConverter<DataWindow>
{
    /// <inheritdoc/>
    public override DataWindow Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        DataWindow.FromScalar(reader.GetString() ?? "") ?? throw new JsonException($"A window is {DataWindow.ScalarForm}.");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, DataWindow value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}

using System.ComponentModel;

namespace Azure.Data.Tables;

public readonly struct TableAudience : IEquatable<TableAudience>
{
    private const string ScopeSuffix = "/.default";

    private readonly string _value;

    public TableAudience(string value)
    {
        ArgumentException.ThrowIfNullOrEmpty(value);
        _value = value;
    }

    public static TableAudience AzureChina { get; } = new("AzureChina");

    public static TableAudience AzureGovernment { get; } = new("AzureGov");

    public static TableAudience AzurePublicCloud { get; } = new("AzurePublic");

    public static implicit operator TableAudience(string value) => new(value);

    public static bool operator ==(TableAudience left, TableAudience right) => left.Equals(right);

    public static bool operator !=(TableAudience left, TableAudience right) => !left.Equals(right);

    public bool Equals(TableAudience other) => string.Equals(_value, other._value, StringComparison.OrdinalIgnoreCase);

    [EditorBrowsable(EditorBrowsableState.Never)]
    public override bool Equals(object obj) => obj is TableAudience other && Equals(other);

    [EditorBrowsable(EditorBrowsableState.Never)]
    public override int GetHashCode() => _value is null ? 0 : StringComparer.OrdinalIgnoreCase.GetHashCode(_value);

    public override string ToString() => _value;

    /// <summary>What to ask a token for: storage accounts of the named cloud, or of the address given.</summary>
    internal string ToScope()
    {
        var audience = _value switch
        {
            null or "AzurePublic" => "https://storage.azure.com",
            "AzureChina" => "https://storage.azure.cn",
            "AzureGov" => "https://storage.azure.us",
            _ => _value,
        };
        return audience.EndsWith(ScopeSuffix, StringComparison.OrdinalIgnoreCase) ? audience : audience.TrimEnd('/') + ScopeSuffix;
    }
}

using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;

namespace Microsoft.Azure.Functions.Worker.Offline;

/// <summary><c>%SETTING%</c> in attributes: the value of that setting.</summary>
internal static partial class SettingNames
{
    /// <summary>The text with every <c>%NAME%</c> replaced.</summary>
    /// <exception cref="ArgumentException">A setting is not there.</exception>
    public static string Resolve(string text, IConfiguration configuration) => Name().Replace(text, match =>
        configuration[match.Groups[1].Value] ?? throw new ArgumentException($"'{text}' needs setting '{match.Groups[1].Value}', which is not there; add it to local.settings.json or the environment."));

    [GeneratedRegex("%([^%]+)%")]
    private static partial Regex Name();
}

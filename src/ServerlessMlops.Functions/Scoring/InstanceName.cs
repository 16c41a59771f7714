using System.Security.Cryptography;
using ServerlessMlops.Core.Scoring;

namespace ServerlessMlops.Functions.Scoring;

/// <summary>The name of this process: new at each start, so that no file or row of an earlier one is ever written again.</summary>
/// <param name="Value">8 lower-case hexadecimal characters.</param>
public sealed record InstanceName(string Value)
{
    /// <summary>A new name.</summary>
    public static InstanceName Create() => new(RandomNumberGenerator.GetHexString(InferenceId.InstanceLength, lowercase: true));
}

using System.Globalization;
using System.Text.RegularExpressions;

namespace ServerlessMlops.Core.Registry;

/// <summary>A name for a version, to be used instead of its number.</summary>
/// <param name="Name">See <see cref="AliasMoves.Rule"/>.</param>
/// <param name="Version">The version it stands for.</param>
/// <param name="Since">Since when.</param>
/// <param name="Move">Number of the ledger line that set it; its mark for guarded changes.</param>
public sealed record ModelAlias(string Name, int Version, DateTimeOffset Since, long Move);

/// <summary>An alias is not the one that the caller saw: somebody else has moved it.</summary>
public sealed class AliasChangedException(string message) : Exception(message);

/// <summary>The moves of aliases, as pure functions like <see cref="RegistryMoves"/>.</summary>
public static partial class AliasMoves
{
    /// <summary>What serves.</summary>
    public const string Champion = "champion";

    /// <summary>What a rollout tries, or what waits for approval.</summary>
    public const string Challenger = "challenger";

    /// <summary>One of the two places of blue and green; which version stands there stays until the next rollout takes the idle one.</summary>
    public const string Blue = "blue";

    /// <summary>The other place of blue and green.</summary>
    public const string Green = "green";

    /// <summary>The rule for names, in words for an error.</summary>
    public const string Rule = "1 to 63 lower-case letters, digits and hyphens, starting with a letter";

    /// <summary>Most aliases of a pipeline that people set.</summary>
    public const int Most = 50;

    /// <summary>All aliases: those that people set, and the two that follow what serves.</summary>
    public static IReadOnlyList<ModelAlias> Of(RegistryHead head)
    {
        var all = new List<ModelAlias>(head.Aliases);
        if (head.Live is { } live)
        {
            all.Add(new ModelAlias(Champion, live.Version, live.Since, 0));
        }

        if ((head.Live?.Rollout?.Version ?? head.PendingApproval) is { } challenger)
        {
            all.Add(new ModelAlias(Challenger, challenger, head.Live?.Rollout?.StartedAt ?? default, 0));
        }

        return [.. all.OrderBy(a => a.Name, StringComparer.Ordinal)];
    }

    /// <summary>The version that a number or an alias stands for; null where there is no such version or alias.</summary>
    public static int? Resolve(RegistryHead head, string name) =>
        int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int version)
            ? version >= 1 && version <= head.LastVersion ? version : null
            : Of(head).FirstOrDefault(a => a.Name == name)?.Version;

    /// <summary>
    /// The places of blue and green when a rollout begins: the champion keeps its own (<see cref="Blue"/> where it has none), the challenger takes the other.
    /// A place is an address that stays, while what serves changes from one to the other.
    /// </summary>
    /// <returns>The aliases, and the challenger's place.</returns>
    internal static (IReadOnlyList<ModelAlias> Aliases, string Place) Coloured(RegistryHead head, int champion, int challenger, DateTimeOffset at)
    {
        ModelAlias? own = head.Aliases.FirstOrDefault(a => a.Version == champion && (a.Name is Blue or Green));
        long move = head.LedgerLength + 1;
        own ??= new ModelAlias(Blue, champion, at, move);
        string other = own.Name == Blue ? Green : Blue;
        IEnumerable<ModelAlias> rest = head.Aliases.Where(a => a.Name != own.Name && a.Name != other);
        return ([.. rest.Append(own).Append(new ModelAlias(other, challenger, at, move)).OrderBy(a => a.Name, StringComparer.Ordinal)], other);
    }

    /// <summary>Whether a name can be an alias.</summary>
    public static bool IsName(string name) => Pattern().IsMatch(name);

    /// <summary>Sets an alias; null where it stands for that version already.</summary>
    /// <param name="head">The head.</param>
    /// <param name="row">The version.</param>
    /// <param name="name">The alias.</param>
    /// <param name="expected">The <see cref="ModelAlias.Move"/> that must stand, 0 for no such alias; null sets it whatever stands.</param>
    /// <param name="reason">For the ledger.</param>
    /// <param name="at">Now.</param>
    /// <exception cref="AliasChangedException">Another one stands.</exception>
    /// <exception cref="RegistryMoveException">The name follows what serves, there are too many, or the version was deleted.</exception>
    public static RegistryChange? Set(RegistryHead head, ModelVersion row, string name, long? expected, MoveReason reason, DateTimeOffset at)
    {
        ModelAlias? stands = Find(head, name, expected);
        if (stands?.Version == row.Version)
        {
            return null;
        }

        if (row.Stage == ModelStage.Deleted)
        {
            throw new RegistryMoveException($"Version {row.Version} was deleted; an alias needs a version whose model is there.");
        }

        if (stands is null && head.Aliases.Count >= Most)
        {
            throw new RegistryMoveException($"Pipeline '{head.Pipeline}' has {head.Aliases.Count} aliases, which is the most; delete one first.");
        }

        var alias = new ModelAlias(name, row.Version, at, head.LedgerLength + 1);
        RegistryHead after = head with { Aliases = [.. head.Aliases.Where(a => a.Name != name).Append(alias).OrderBy(a => a.Name, StringComparer.Ordinal)] };
        return RegistryMoves.Append(after, LedgerAction.AliasSet, row.Version, reason, at, name);
    }

    /// <summary>Removes an alias; null where there is none.</summary>
    /// <inheritdoc cref="Set"/>
    public static RegistryChange? Remove(RegistryHead head, string name, long? expected, MoveReason reason, DateTimeOffset at) =>
        Find(head, name, expected) is { } stands
            ? RegistryMoves.Append(head with { Aliases = [.. head.Aliases.Where(a => a.Name != name)] }, LedgerAction.AliasRemoved, stands.Version, reason, at, name)
            : null;

    private static ModelAlias? Find(RegistryHead head, string name, long? expected)
    {
        if (name is Champion or Challenger)
        {
            throw new RegistryMoveException($"The alias '{name}' follows what serves and is not set by hand; promote or roll back a version, or take another name.");
        }

        ModelAlias? stands = head.Aliases.FirstOrDefault(a => a.Name == name);
        return expected is { } mark && mark != (stands?.Move ?? 0)
            ? throw new AliasChangedException(
                stands is null ? $"There is no alias '{name}' any more." : $"The alias '{name}' stands for version {stands.Version} since {stands.Since.UtcDateTime:u}: somebody has moved it. Read it again.")
            : stands;
    }

    [GeneratedRegex(@"\A[a-z][a-z0-9-]{0,62}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}

namespace ServerlessMlops.Core.Registry;

/// <summary>The moves that people make on a version beside what serves: tags, archive, deletion. Pure functions like <see cref="RegistryMoves"/>.</summary>
public static class VersionMoves
{
    /// <summary>Most tags of a version.</summary>
    public const int MostTags = 50;

    /// <summary>Most characters of a tag's key.</summary>
    public const int LongestKey = 64;

    /// <summary>Most characters of a tag's value.</summary>
    public const int LongestValue = 256;

    /// <summary>Sets a tag, or removes it where <paramref name="value"/> is null; null where it stands so already.</summary>
    /// <exception cref="RegistryMoveException">Key or value are too long or empty, or there are too many.</exception>
    public static RegistryChange? Tag(RegistryHead head, ModelVersion row, string key, string? value, MoveReason reason, DateTimeOffset at)
    {
        if (key.Length is 0 or > LongestKey || value?.Length > LongestValue)
        {
            throw new RegistryMoveException($"A tag has a key of 1 to {LongestKey} characters and a value of at most {LongestValue}; found {key.Length} and {value?.Length ?? 0}.");
        }

        if (row.Tags.GetValueOrDefault(key) == value)
        {
            return null;
        }

        var tags = new SortedDictionary<string, string>(row.Tags.ToDictionary(), StringComparer.Ordinal);
        if (value is null)
        {
            tags.Remove(key);
        }
        else
        {
            tags[key] = value;
        }

        return tags.Count > MostTags
            ? throw new RegistryMoveException($"Version {row.Version} has {MostTags} tags, which is the most; remove one first.")
            : RegistryMoves.Append(head, LedgerAction.Tagged, row.Version, reason with { Why = $"{key} = {value ?? "(removed)"}; {reason.Why}" }, at, key) with { Updated = row with { Tags = tags } };
    }

    /// <summary>Puts a version away; null where that has been done.</summary>
    /// <exception cref="RegistryMoveException">It is in use, or deleted.</exception>
    public static RegistryChange? Archive(RegistryHead head, ModelVersion row, MoveReason reason, DateTimeOffset at)
    {
        if (row.Stage == ModelStage.Archived)
        {
            return null;
        }

        CheckUnused(head, row, "archived");
        return RegistryMoves.Append(head, LedgerAction.Archived, row.Version, reason, at) with { Updated = row with { Stage = ModelStage.Archived } };
    }

    /// <summary>Takes a version out again that was put away; null where it is not.</summary>
    /// <exception cref="RegistryMoveException">It is deleted.</exception>
    public static RegistryChange? Restore(RegistryHead head, ModelVersion row, MoveReason reason, DateTimeOffset at) => row.Stage switch
    {
        ModelStage.Archived => RegistryMoves.Append(head, LedgerAction.Restored, row.Version, reason, at) with { Updated = row with { Stage = ModelStage.Registered } },
        ModelStage.Deleted => throw new RegistryMoveException($"Version {row.Version} was deleted; its bytes are gone. Train again."),
        _ => null,
    };

    /// <summary>Gives up the bytes of a version; null where that has been done. The caller deletes them after the row says so.</summary>
    /// <exception cref="RegistryMoveException">It is in use.</exception>
    public static RegistryChange? Delete(RegistryHead head, ModelVersion row, MoveReason reason, DateTimeOffset at)
    {
        if (row.Stage == ModelStage.Deleted)
        {
            return null;
        }

        CheckUnused(head, row, "deleted");
        return RegistryMoves.Append(head, LedgerAction.Deleted, row.Version, reason, at) with { Updated = row with { Stage = ModelStage.Deleted } };
    }

    /// <summary>Why a version must be kept; null where nothing keeps it.</summary>
    public static string? WhyKept(RegistryHead head, int version)
    {
        if (head.Live is { } live)
        {
            if (live.Version == version)
            {
                return "it serves";
            }

            if (live.Rollout?.Version == version || live.Shares.Any(s => s.Version == version))
            {
                return "a rollout tries it";
            }

            if (live.PreviousVersion == version)
            {
                return "a rollback returns to it";
            }
        }

        return head.PendingApproval == version ? "it waits for approval"
            : head.Aliases.FirstOrDefault(a => a.Version == version) is { } alias ? $"the alias '{alias.Name}' stands for it"
            : null;
    }

    private static void CheckUnused(RegistryHead head, ModelVersion row, string what)
    {
        if (row.Stage == ModelStage.Deleted)
        {
            throw new RegistryMoveException($"Version {row.Version} was deleted.");
        }

        if (WhyKept(head, row.Version) is { } why)
        {
            throw new RegistryMoveException($"Version {row.Version} of pipeline '{head.Pipeline}' cannot be {what}: {why}.");
        }
    }
}

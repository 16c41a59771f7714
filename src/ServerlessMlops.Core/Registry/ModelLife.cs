namespace ServerlessMlops.Core.Registry;

/// <summary>How a version's stage follows from what serves: worked out from the head before a move and after it, so that no move can forget it.</summary>
public static class ModelLife
{
    /// <summary>The versions whose stage a move changes, and to what.</summary>
    public static IEnumerable<(int Version, ModelStage Stage)> Moves(RegistryHead before, RegistryHead after)
    {
        int?[] touched = [before.Live?.Version, before.Live?.Rollout?.Version, after.Live?.Version, after.Live?.Rollout?.Version];
        return touched.OfType<int>().Distinct().Order()
            .Select(version => (Version: version, Was: StageIn(before, version), Is: StageIn(after, version)))
            .Where(v => v.Was != v.Is)
            .Select(v => (v.Version, v.Is ?? (v.Was == ModelStage.Serving ? ModelStage.Retired : ModelStage.Registered)));
    }

    /// <summary>The version at its new stage.</summary>
    /// <exception cref="RegistryMoveException">It was deleted or put away, and cannot serve.</exception>
    public static ModelVersion To(ModelVersion version, ModelStage stage) => version.Stage switch
    {
        ModelStage.Deleted => throw new RegistryMoveException($"Version {version.Version} was deleted and cannot serve; train again, which gives the same model a new version."),
        ModelStage.Archived when stage is ModelStage.Serving or ModelStage.Challenging =>
            throw new RegistryMoveException($"Version {version.Version} is archived; take it out again first (PUT .../models/{version.Version}/stage with {{\"stage\": \"registered\"}})."),
        _ => version with { Stage = stage },
    };

    /// <summary>What serves and what is tried have a stage by that; null for all others.</summary>
    private static ModelStage? StageIn(RegistryHead head, int version) =>
        head.Live?.Version == version ? ModelStage.Serving
        : head.Live?.Rollout?.Version == version ? ModelStage.Challenging
        : null;
}

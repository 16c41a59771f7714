using System.Globalization;

namespace ServerlessMlops.Core.Training;

/// <summary>
/// The request row of a pipeline: who wants a training, and which one runs. Many wishes become few trainings, and none is lost: a wish that
/// arrives while one runs stays <see cref="Pending"/> until a training has looked at the data after it.
/// </summary>
/// <param name="Generation">Number of the training that runs, or ran last; 0 before the first. Its orchestration is <c>train-{pipeline}-{generation}</c>.</param>
/// <param name="Running">Whether that training runs.</param>
/// <param name="Pending">Whether somebody asked since it last looked at the data.</param>
/// <param name="Reason">Why the latest training was wished for.</param>
/// <param name="RequestedAt">When.</param>
public sealed record TrainingRequest(long Generation, bool Running, bool Pending, string Reason, DateTimeOffset RequestedAt)
{
    private const int MostWishes = 16;

    /// <summary>Ids of the newest wishes that have one, newest first, a line each: a wish that comes twice is one.</summary>
    public string Wishes { get; init; } = "";

    /// <summary>The row before the first wish.</summary>
    public static TrainingRequest None { get; } = new(0, Running: false, Pending: false, "", default);

    /// <summary>Id of the run and orchestration of a generation.</summary>
    public static string RunId(string pipeline, long generation) => $"train-{pipeline}-{generation}";

    /// <summary>The generation that a run id of <see cref="RunId"/> names, or null where it is none of the pipeline's.</summary>
    public static long? GenerationOf(string pipeline, string runId)
    {
        string prefix = RunId(pipeline, 0)[..^1];
        return runId.StartsWith(prefix, StringComparison.Ordinal)
            && long.TryParse(runId.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out long generation)
            && generation > 0
            ? generation
            : null;
    }

    /// <summary>Somebody wishes for a training: starts the next generation, or leaves word for the one that runs.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="at">When.</param>
    /// <param name="id">Names the wish; one that was asked before changes nothing. Null: each is a wish of its own.</param>
    public TrainingRequest Ask(string reason, DateTimeOffset at, string? id = null)
    {
        string[] known = Wishes.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (id is not null && known.Contains(id, StringComparer.Ordinal))
        {
            return this;
        }

        TrainingRequest after = id is null ? this : this with { Wishes = string.Join('\n', known.Prepend(id).Take(MostWishes)) };
        return Running
            ? after with { Pending = true, Reason = reason, RequestedAt = at }
            : after with { Generation = Generation + 1, Running = true, Pending = false, Reason = reason, RequestedAt = at };
    }

    /// <summary>The training of <paramref name="generation"/> is about to look at the data: what was asked before is answered by it.</summary>
    public TrainingRequest Look(long generation) => generation == Generation && Running ? this with { Pending = false } : this;

    /// <summary>The training of <paramref name="generation"/> has ended: closes the row, or starts the next generation. Ending twice changes nothing more.</summary>
    public TrainingRequest End(long generation)
    {
        if (generation != Generation || !Running)
        {
            return this;
        }

        return Pending ? this with { Generation = Generation + 1, Pending = false } : this with { Running = false };
    }
}

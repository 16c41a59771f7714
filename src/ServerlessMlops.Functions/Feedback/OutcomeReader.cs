using ServerlessMlops.Core.Feedback;
using ServerlessMlops.Core.Rollout;

namespace ServerlessMlops.Functions.Feedback;

/// <summary>Gives rollouts the joined labels of the whole hours of a step.</summary>
public sealed class OutcomeReader(IOutcomeStore outcomes) : IOutcomeReader
{
    /// <inheritdoc/>
    public async Task<LabelledOutcomes?> ReadAsync(string pipeline, int version, DateTimeOffset from, DateTimeOffset until, CancellationToken cancellation)
    {
        var sum = new LabelledOutcomes(0, 0, 0);

        // A version that was no candidate before the step has no predictions in the hour before it either: the hour in which the step began counts whole.
        DateTimeOffset hour = from.ToUniversalTime().AddTicks(-(from.UtcTicks % TimeSpan.TicksPerHour));
        await foreach (OutcomeRow row in outcomes.ReadAsync(pipeline, version, hour, until, cancellation))
        {
            sum = new LabelledOutcomes(sum.Rows + row.Counts.Labelled, sum.LossSum + row.Counts.LossSum, sum.LossSquareSum + row.Counts.LossSquareSum);
        }

        return sum.Rows > 0 ? sum : null;
    }
}

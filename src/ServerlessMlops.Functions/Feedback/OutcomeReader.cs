using ServerlessMlops.Core.Feedback;
using ServerlessMlops.Core.Rollout;

namespace ServerlessMlops.Functions.Feedback;

/// <summary>Gives rollouts the joined labels of the whole hours of a step.</summary>
public sealed class OutcomeReader(IOutcomeStore outcomes) : IOutcomeReader
{
    /// <inheritdoc/>
    public async Task<LabelledOutcomes?> ReadAsync(string pipeline, int version, DateTimeOffset from, DateTimeOffset until, CancellationToken cancellation)
    {
        OutcomeCounts? sum = null;

        // A version that was no candidate before the step has no predictions in the hour before it either: the hour in which the step began counts whole.
        DateTimeOffset hour = from.ToUniversalTime().AddTicks(-(from.UtcTicks % TimeSpan.TicksPerHour));
        await foreach (OutcomeRow row in outcomes.ReadAsync(pipeline, version, hour, until, cancellation))
        {
            if (sum is null)
            {
                sum = row.Counts;
            }
            else
            {
                sum.Add(row.Counts);
            }
        }

        // Rows picked for labelling count as many as they are worth, in whole rows.
        OutcomeCounts? effective = sum?.Effective();
        long rows = effective is null ? 0 : (long)effective.Weight;
        return rows > 0 ? new LabelledOutcomes(rows, effective!.LossSum * rows / effective.Weight, effective.LossSquareSum * rows / effective.Weight) : null;
    }
}

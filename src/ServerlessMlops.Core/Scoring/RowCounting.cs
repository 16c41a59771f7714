using ServerlessMlops.Core.Monitoring;

namespace ServerlessMlops.Core.Scoring;

/// <summary>Counts scored rows into the groups that monitors compare.</summary>
public static class RowCounting
{
    /// <summary>Counts every feature and the answer of every row.</summary>
    public static void Count(ScoringBatch batch, ServingModel model, WindowCounter counter)
    {
        ScoringSignature signature = model.Signature;
        ReadOnlySpan<float> features = batch.Features;
        ReadOnlySpan<int> codes = batch.CategoryCodes;
        ReadOnlySpan<float> outputs = batch.Outputs;
        for (int row = 0; row < batch.Rows; row++)
        {
            for (int input = 0; input < signature.Width; input++)
            {
                int slot = signature.CategorySlot(input);
                if (slot < 0)
                {
                    counter.CountNumber(input, features[(row * signature.Width) + input]);
                }
                else
                {
                    counter.CountCategory(input, codes[(row * signature.CategoryCount) + slot]);
                }
            }

            counter.CountOutput(model.Outputs.Summary(outputs.Slice(row * batch.OutputWidth, batch.OutputWidth)), KeyGroups.Of(batch.Key(row)));
        }
    }
}

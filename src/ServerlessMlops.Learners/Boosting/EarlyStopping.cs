namespace ServerlessMlops.Learners.Boosting;

/// <summary>Watches a loss from round to round.</summary>
/// <param name="patience">Rounds without improvement after which there is no going on; 0 means always going on.</param>
internal sealed class EarlyStopping(int patience)
{
    /// <summary>The least loss so far.</summary>
    public double BestLoss { get; private set; } = double.PositiveInfinity;

    /// <summary>The round of the least loss so far; 0 before the first.</summary>
    public int BestRound { get; private set; }

    /// <summary>Takes the loss of a round; returns whether to go on.</summary>
    public bool GoesOn(int round, double loss)
    {
        if (loss < BestLoss || BestRound == 0)
        {
            (BestLoss, BestRound) = (loss, round);
        }

        return patience == 0 || round - BestRound < patience;
    }
}

namespace ServerlessMlops.Learners.Boosting;

/// <summary>Watches a loss from round to round.</summary>
/// <param name="patience">Rounds without improvement after which there is no going on; 0 means always going on.</param>
internal sealed class EarlyStopping(int patience)
{
    private double best = double.PositiveInfinity;

    /// <summary>The round of the least loss so far; 0 before the first.</summary>
    public int BestRound { get; private set; }

    /// <summary>Takes the loss of a round; returns whether to go on.</summary>
    public bool GoesOn(int round, double loss)
    {
        if (loss < best || BestRound == 0)
        {
            (best, BestRound) = (loss, round);
        }

        return patience == 0 || round - BestRound < patience;
    }
}

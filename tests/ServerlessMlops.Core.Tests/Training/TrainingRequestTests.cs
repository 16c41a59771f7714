using FsCheck.Fluent;
using ServerlessMlops.Core.Training;

namespace ServerlessMlops.Core.Tests.Training;

public sealed class TrainingRequestTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Ask_WhileNothingRuns_StartsTheNextGeneration()
    {
        TrainingRequest asked = TrainingRequest.None.Ask("new data", Noon);

        asked.ShouldBe(new TrainingRequest(1, Running: true, Pending: false, "new data", Noon));
    }

    [Fact]
    public void Ask_AThousandTimesWhileOneRuns_IsOneMoreTraining()
    {
        TrainingRequest row = TrainingRequest.None.Ask("first", Noon);
        for (int i = 0; i < 1000; i++)
        {
            row = row.Ask($"file {i}", Noon);
        }

        TrainingRequest next = row.End(1);
        next.Generation.ShouldBe(2);
        next.End(2).Running.ShouldBeFalse();
    }

    [Theory]
    [InlineData("train-birds-17", 17L)]
    [InlineData("train-birds-x", null)]
    [InlineData("train-birds-0", null)]
    [InlineData("train-other-3", null)]
    [InlineData("ingest-birds-3", null)]
    public void GenerationOf_ARunId_IsTheOneThatRunIdWrote(string runId, long? generation) =>
        TrainingRequest.GenerationOf("birds", runId).ShouldBe(generation);

    [Fact]
    public void Ask_TheSameWishTwice_IsOneTraining()
    {
        TrainingRequest row = TrainingRequest.None.Ask("new data", Noon, "ingest-1");

        row.Ask("new data", Noon.AddSeconds(1), "ingest-1").ShouldBe(row);
        row.Ask("new data", Noon, "ingest-2").Pending.ShouldBeTrue();
        row.End(1).Ask("new data", Noon, "ingest-1").Running.ShouldBeFalse("its training has ended");
        row.Ask("by hand", Noon).Wishes.ShouldBe("ingest-1");
    }

    [Fact]
    public void End_Twice_ChangesNothingMore()
    {
        TrainingRequest row = TrainingRequest.None.Ask("first", Noon).Ask("second", Noon).End(1);

        row.End(1).ShouldBe(row);
    }

    /// <summary>No wish is lost: whatever the order, a wish that no training has looked at has a training that is still to look or to be followed by one.</summary>
    [Fact]
    public void AnyOrder_UnseenWish_HasATrainingUnderWay() =>
        FsCheck.Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), steps =>
        {
            TrainingRequest row = TrainingRequest.None;
            bool unseen = false, looked = false;
            foreach (byte step in steps)
            {
                switch (step % 3)
                {
                    case 0:
                        row = row.Ask("wish", Noon);
                        unseen = true;
                        break;
                    case 1 when row.Running:
                        row = row.Look(row.Generation);
                        (unseen, looked) = (false, true);
                        break;
                    case 2 when looked:
                        row = row.End(row.Generation);
                        looked = false;
                        break;
                }

                if (unseen && !row.Running)
                {
                    return false;
                }
            }

            return true;
        }));

    [Fact]
    public void Ask_TheSameWishTwice_IsOne()
    {
        TrainingRequest asked = TrainingRequest.None.Ask("nightly", Noon, "nightly-2026-03-01");
        asked.Ask("nightly", Noon.AddMinutes(1), "nightly-2026-03-01").ShouldBe(asked);
        TrainingRequest ended = asked.Look(1).End(1);
        ended.Ask("nightly", Noon.AddHours(1), "nightly-2026-03-01").ShouldBe(ended);
        ended.Ask("nightly", Noon.AddDays(1), "nightly-2026-03-02").Generation.ShouldBe(2);
        ended.Ask("by hand", Noon).Generation.ShouldBe(2);
        Enumerable.Range(0, 100).Aggregate(ended, (row, i) => row.Ask("x", Noon, $"wish-{i}")).Wishes.Split('\n').Length.ShouldBe(16);
    }
}

using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Training;

namespace ServerlessMlops.Core.Tests.Training;

public class RetrainPolicyTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly RetrainSpec Spec = new() { Cooldown = TimeSpan.FromHours(2), DailyBudget = 3, FreezeAfterRejections = 3 };

    [Fact]
    public void Decide_NoHistory_Allows() => RetrainPolicy.Decide(Spec, [], Now).Allowed.ShouldBeTrue();

    [Fact]
    public void Decide_WithinCooldown_Waits() =>
        RetrainPolicy.Decide(Spec, [new(Now.AddHours(-1), true, false)], Now).Reason.ShouldBe("Cooling down: the last training that started by itself was 1 h ago (retrain.cooldown is 2 h).");

    [Fact]
    public void Decide_APersonsTrainingJustNow_DoesNotCoolDown() => RetrainPolicy.Decide(Spec, [new(Now.AddMinutes(-1), false, false)], Now).Allowed.ShouldBeTrue();

    [Fact]
    public void Decide_BudgetSpent_WaitsUntilADayHasPassed()
    {
        PastTraining[] past = [new(Now.AddHours(-3), true, false), new(Now.AddHours(-6), true, false), new(Now.AddHours(-23), true, false)];
        RetrainPolicy.Decide(Spec, past, Now).Allowed.ShouldBeFalse();
        RetrainPolicy.Decide(Spec, past, Now.AddHours(2)).Allowed.ShouldBeTrue();
    }

    [Fact]
    public void Decide_RejectionsInARow_FreezesUntilOneIsAccepted()
    {
        PastTraining[] rejected = [new(Now.AddDays(-1), true, true), new(Now.AddDays(-2), true, null), new(Now.AddDays(-3), true, true), new(Now.AddDays(-4), true, true)];
        RetrainDecision decision = RetrainPolicy.Decide(Spec, rejected, Now);
        (decision.Allowed, decision.Frozen).ShouldBe((false, true));
        RetrainPolicy.Decide(Spec, [new(Now.AddHours(-5), false, false), .. rejected], Now).Allowed.ShouldBeTrue();
    }

    [Theory]
    [InlineData(RetrainCause.Drift, 0, true)]
    [InlineData(RetrainCause.Suspicion, 0, false)]
    [InlineData(RetrainCause.Labels, 49, false)]
    [InlineData(RetrainCause.Labels, 50, true)]
    public void Decide_ByCause_ConfirmedDriftAndEnoughLabelsMayAsk(RetrainCause cause, long labels, bool allowed) =>
        RetrainPolicy.Decide(Spec with { MinLabels = 50 }, [], new RetrainFacts(cause, labels, Now), Now).Allowed.ShouldBe(allowed);

    [Fact]
    public void Decide_SuspicionThatTheSpecListensTo_MayAskOnceItIsConfirmedByRepetition()
    {
        RetrainSpec listening = Spec with { OnSuspicion = true };
        RetrainPolicy.Decide(listening, [], new RetrainFacts(RetrainCause.Suspicion, 0, Now), Now).Reason.ShouldBe(
            "Suspected in 1 window(s) in a row; a training is asked for from 3 (retrain.suspicionWindows).");
        RetrainPolicy.Decide(listening, [], new RetrainFacts(RetrainCause.Suspicion, 0, Now, SuspectedWindows: 3), Now).Allowed.ShouldBeTrue();
        RetrainPolicy.Decide(Spec, [], new RetrainFacts(RetrainCause.Suspicion, 0, Now, SuspectedWindows: 30), Now).Allowed.ShouldBeFalse("onSuspicion is false");
    }

    [Fact]
    public void Decide_NoDataSinceTheNewestTraining_HasNothingToLearn()
    {
        PastTraining[] past = [new(Now.AddHours(-5), false, false)];
        RetrainPolicy.Decide(Spec, past, new RetrainFacts(RetrainCause.Drift, 0, Now.AddHours(-6)), Now).Reason.ShouldStartWith("Nothing new to learn from: the newest data arrived at 2026-03-01 06:00 UTC");
        RetrainPolicy.Decide(Spec, past, new RetrainFacts(RetrainCause.Drift, 0, Now.AddHours(-4)), Now).Allowed.ShouldBeTrue();
        RetrainPolicy.Decide(Spec, [], new RetrainFacts(RetrainCause.Drift, 0, null), Now).Allowed.ShouldBeFalse();
    }

    [Fact]
    public void Decide_AModelThatIsReplacedAgainAndAgain_WaitsLongerEachTime()
    {
        PastTraining[] swings = [.. Enumerable.Range(0, 5).Select(i => new PastTraining(Now.AddHours(-10 - (i * 24)), true, false))];
        RetrainPolicy.Decide(Spec, swings, Now).Reason.ShouldBe(
            "Swinging: 5 trainings that started by themselves replaced the model within 7 days, so the next waits 16 h (the last was 10 h ago; retrain.cooldown is 2 h).");
        RetrainPolicy.Decide(Spec, swings[..2], Now).Allowed.ShouldBeTrue();
        RetrainPolicy.Decide(Spec, [.. swings.Select(s => s with { Rejected = null })], Now).Allowed.ShouldBeTrue("nothing was replaced");
    }

    /// <summary>A year in which drift is seen every hour and no training cures it.</summary>
    [Fact]
    public void Decide_AYearOfDriftThatNothingCures_TrainsFewTimesAndFreezes()
    {
        var past = new List<PastTraining>();
        for (int hour = 0; hour < 365 * 24; hour++)
        {
            DateTimeOffset now = Now.AddHours(hour);
            if (RetrainPolicy.Decide(Spec, past, new RetrainFacts(RetrainCause.Drift, 0, now), now).Allowed)
            {
                past.Insert(0, new PastTraining(now, true, true));
            }
        }

        past.Count.ShouldBe(Spec.FreezeAfterRejections);
        var curing = new List<PastTraining>();
        for (int hour = 0; hour < 365 * 24; hour++)
        {
            DateTimeOffset now = Now.AddHours(hour);
            if (RetrainPolicy.Decide(Spec, curing, new RetrainFacts(RetrainCause.Drift, 0, now), now).Allowed)
            {
                curing.Insert(0, new PastTraining(now, true, false));
            }
        }

        curing.Count.ShouldBeInRange(52, 365 * 2);
        curing.GroupBy(t => t.StartedAt.Date).Max(day => day.Count()).ShouldBeLessThanOrEqualTo(Spec.DailyBudget);
    }
}

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
}

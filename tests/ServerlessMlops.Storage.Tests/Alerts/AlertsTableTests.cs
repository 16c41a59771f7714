using Azure.Data.Tables;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Storage.Alerts;
using ServerlessMlops.TestSupport.Azurite;

namespace ServerlessMlops.Storage.Tests.Alerts;

public class AlertsTableTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    private static readonly DateTimeOffset At = new(2026, 3, 1, 10, 0, 0, TimeSpan.Zero);

    private readonly AlertsTable _alerts = new(new TableServiceClient(azurite.ConnectionString));

    [Fact]
    public async Task UpdateAsync_EventsAtOnce_OneAlertThatCountedEach()
    {
        string pipeline = azurite.UniqueName();
        await Task.WhenAll(Enumerable.Range(1, 20).Select(i => Apply(Event(pipeline, "speed", i))));
        List<Alert> open = await All(_alerts.ListOpenAsync(pipeline, [], default));
        Alert alert = open.ShouldHaveSingleItem();
        alert.Occurrences.ShouldBeInRange(1, 20);
        alert.Observation.ShouldBe(20);
        (await _alerts.GetAsync(pipeline, alert.Id, default)).ShouldBeEquivalentTo(alert);
        alert.Recent.Count.ShouldBe((int)alert.Occurrences);
    }

    [Fact]
    public async Task UpdateAsync_FiresAgainAfterItsEnd_MovesToTheFront()
    {
        string pipeline = azurite.UniqueName();
        await Apply(Event(pipeline, "first", 1));
        await Apply(Event(pipeline, "second", 2) with { At = At.AddHours(1) });
        await Apply(Event(pipeline, "first", 3) with { Resolved = true, At = At.AddHours(2) });
        await Apply(Event(pipeline, "first", 4) with { At = At.AddHours(3) });
        var page = await _alerts.ListAsync(pipeline, 10, null, default);
        page.Items.Select(a => (a.Subject, a.State, a.Occurrences)).ShouldBe([("first", AlertState.Firing, 1), ("second", AlertState.Firing, 1)]);
    }

    [Fact]
    public async Task UpdateAsync_BeganAnewBetweenReadingAndWriting_IsAppliedToWhatItIsNow()
    {
        string pipeline = azurite.UniqueName();
        Alert first = (await Apply(Event(pipeline, "speed", 1)))!;
        var attempts = new List<Alert>();

        Alert? after = await _alerts.UpdateAsync(pipeline, first.Id, current => Taken(current!), default);

        attempts.Select(a => a.FirstAt).ShouldBe([At, At.AddHours(2)]);
        after!.ShouldSatisfyAllConditions(a => a.State.ShouldBe(AlertState.Acknowledged), a => a.FirstAt.ShouldBe(At.AddHours(2)));

        Alert Taken(Alert current)
        {
            attempts.Add(current);
            if (attempts.Count == 1)
            {
                BeginAnewAsync(pipeline).GetAwaiter().GetResult();
            }

            return AlertMoves.Acknowledge(current, "ann");
        }
    }

    [Fact]
    public async Task MarkSentAsync_ManyOfWhichOneWasResolvedMeanwhile_OnlyThatStaysUnsent()
    {
        string pipeline = azurite.UniqueName();
        for (int i = 1; i <= 120; i++)
        {
            await Apply(Event(pipeline, $"s{i}", 1));
        }

        List<Alert> unsent = await All(_alerts.ListUnsentAsync(pipeline, AlertTopic.Drift, default));
        unsent.Count.ShouldBe(120);
        await _alerts.UpdateAsync(pipeline, unsent[5].Id, a => a! with { Told = [new AlertTold("slack X", "n-1", AlertState.Firing, AlertSeverity.Warning, At)] }, default);
        await Apply(Event(pipeline, unsent[5].Subject, 2) with { Resolved = true });
        await _alerts.MarkSentAsync(pipeline, [.. unsent.Select(a => new AlertSent(a, [], false, null, false))], At, default);
        (await All(_alerts.ListUnsentAsync(pipeline, AlertTopic.Drift, default))).ShouldHaveSingleItem().Id.ShouldBe(unsent[5].Id);
        (await All(_alerts.ListUnsentAsync(pipeline, AlertTopic.Slo, default))).ShouldBeEmpty();
    }

    [Fact]
    public async Task UpdateGroupAsync_ScheduledByManyAtOnce_IsDueOnce()
    {
        string pipeline = azurite.UniqueName();
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => _alerts.UpdateGroupAsync(pipeline, AlertTopic.Slo, g => g.Schedule(At, AlertPolicy.Default), default)));
        List<DueNotification> due = [.. (await All(_alerts.ListDueAsync(default))).Where(d => d.Pipeline == pipeline)];
        due.ShouldBe([new DueNotification(pipeline, AlertTopic.Slo, 1)]);
        (await _alerts.UpdateGroupAsync(pipeline, AlertTopic.Slo, g => g.Claim(1, At), default)).ShouldBeNull();
        AlertGroup?[] claims = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => _alerts.UpdateGroupAsync(pipeline, AlertTopic.Slo, g => g.Claim(1, At.AddMinutes(1)), default)));
        claims.Count(c => c is not null).ShouldBe(1);
        await _alerts.UpdateGroupAsync(pipeline, AlertTopic.Slo, g => g.Close(1, At.AddMinutes(1)), default);
        await _alerts.RemoveDueAsync(due[0], default);
        await _alerts.RemoveDueAsync(due[0], default);
        (await All(_alerts.ListDueAsync(default))).ShouldNotContain(d => d.Pipeline == pipeline);
    }

    [Fact]
    public async Task SaveDeliveryAsync_Twice_TheLaterStands()
    {
        string pipeline = azurite.UniqueName();
        var delivery = new AlertDelivery(pipeline, "n-1", "webhook ALERTS_WEBHOOK_URL", false, 5, At, "503");
        await _alerts.SaveDeliveryAsync(delivery, default);
        await _alerts.SaveDeliveryAsync(delivery with { Delivered = true, Outcome = "200" }, default);
        (await _alerts.ListDeliveriesAsync(pipeline, "n-1", default)).ShouldHaveSingleItem().Delivered.ShouldBeTrue();
        (await _alerts.ListDeliveriesAsync(pipeline, "n-10", default)).ShouldBeEmpty();
    }

    [Fact]
    public async Task ListSinceAsync_ByTopicAndBeginning_LeavesOutTheOlder()
    {
        string pipeline = azurite.UniqueName();
        for (int hour = 0; hour < 4; hour++)
        {
            await Apply(Event(pipeline, $"s{hour}", 1) with { At = At.AddHours(hour) });
        }

        await Apply(Event(pipeline, "other", 1) with { Topic = AlertTopic.Slo, At = At.AddHours(3) });
        (await All(_alerts.ListSinceAsync(pipeline, AlertTopic.Drift, At.AddHours(2), default))).Select(a => a.Subject).ShouldBe(["s3", "s2"]);
        (await All(_alerts.ListOpenAsync(pipeline, [AlertTopic.Slo, AlertTopic.Value], default))).ShouldHaveSingleItem().Subject.ShouldBe("other");
    }

    [Fact]
    public async Task SaveSilenceAsync_EndedEarly_IsOneRow()
    {
        string pipeline = azurite.UniqueName();
        Silence silence = Silence.Of(pipeline, AlertTopic.Drift, "input *", At.AddHours(2), "maintenance", "ann", At);
        await _alerts.SaveSilenceAsync(silence, default);
        await _alerts.SaveSilenceAsync(Silence.Of(pipeline, null, null, At.AddHours(3), "holiday", "bob", At), default);
        await _alerts.SaveSilenceAsync(silence with { Until = At.AddHours(1) }, default);
        List<Silence> silences = await All(_alerts.ListSilencesAsync(pipeline, default));
        silences.Count.ShouldBe(2);
        silences.Single(s => s.Id == silence.Id).ShouldBe(silence with { Until = At.AddHours(1) });
    }

    private static AlertEvent Event(string pipeline, string subject, long observation) => new()
    {
        Pipeline = pipeline, Topic = AlertTopic.Drift, Severity = AlertSeverity.Warning, Subject = subject, Title = $"{subject} drifted",
        Detail = "PSI 0.4", At = At, Evidence = "report", Observation = observation,
    };

    private static async Task<List<T>> All<T>(IAsyncEnumerable<T> items)
    {
        var list = new List<T>();
        await foreach (T item in items)
        {
            list.Add(item);
        }

        return list;
    }

    private async Task BeginAnewAsync(string pipeline)
    {
        await Apply(Event(pipeline, "speed", 2) with { Resolved = true, At = At.AddHours(1) });
        await Apply(Event(pipeline, "speed", 3) with { At = At.AddHours(2) });
    }

    private Task<Alert?> Apply(AlertEvent occurred) =>
        _alerts.UpdateAsync(occurred.Pipeline, occurred.Fingerprint, current => AlertMoves.Apply(current, occurred, AlertPolicy.Default), default);
}

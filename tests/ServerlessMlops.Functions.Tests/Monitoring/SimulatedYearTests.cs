using System.Globalization;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.TestSupport;
using ServerlessMlops.TestSupport.Azurite;

namespace ServerlessMlops.Functions.Tests.Monitoring;

public class SimulatedYearTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    /// <summary>
    /// The timeline is <c>SimulatedYear.txt</c> beside this file; <c>UPDATE_TIMELINE=1</c> writes it anew. Whatever it says, no event may be missed, none may be answered
    /// by a training that it does not call for, and no sound model may be withdrawn.
    /// </summary>
    [Fact]
    public async Task Year_OfSeasonsSensorsConceptsAndDelays_TellsEachEventAndTrainsForOneOnly()
    {
        await using var year = new SimulatedYear(azurite.ConnectionString);
        await year.RunAsync();

        string path = Path.Combine(RepositoryRoot.Find(), "tests", "ServerlessMlops.Functions.Tests", "Monitoring", "SimulatedYear.txt");
        string timeline = string.Join('\n', year.Timeline) + "\n";
        if (Environment.GetEnvironmentVariable("UPDATE_TIMELINE") == "1")
        {
            File.WriteAllText(path, timeline);
        }

        timeline.ShouldBe(File.ReadAllText(path).ReplaceLineEndings("\n"));
        Told("alert    Quality: pressure: missing", SimulatedWorld.SensorBreaks, days: 2);
        Told("well     Quality: pressure: missing", SimulatedWorld.SensorIsRepaired, days: 2);
        Told("alert    Performance: auc", SimulatedWorld.ConceptShifts, days: 7);
        Told("alert    Performance: concept", SimulatedWorld.ConceptShifts, days: 7);
        Told("well     Performance: auc", SimulatedWorld.ConceptShifts, days: 45);
        Told("alert    Quality: no traffic", SimulatedWorld.TrafficStops, days: 3);
        Told("well     Quality: no traffic", SimulatedWorld.TrafficResumes, days: 2);
        Told("alert    Quality: no labels", SimulatedWorld.LabelsStop, days: 30);
        Told("well     Quality: no labels", SimulatedWorld.LabelsResume, days: 2);
        year.Timeline.ShouldContain(line => line.Contains("alert    Drift: input temperature"), "the seasons");
        year.Timeline.ShouldNotContain(line => line.Contains("not rolled out"), "a false rollback");
        DateTime[] trainings = [.. year.Timeline.Where(line => line[12..].StartsWith("training ", StringComparison.Ordinal)).Skip(1).Select(DateOf)];
        trainings.ShouldNotBeEmpty();
        trainings.ShouldAllBe(at => at >= SimulatedWorld.ConceptShifts.UtcDateTime && at <= SimulatedWorld.ConceptShifts.UtcDateTime.AddDays(45), "only the concept's shift calls for trainings");

        // Windows are kept for 90 days, no longer.
        var kept = new List<WindowRow>();
        await foreach (WindowRow row in year.Windows.ReadAsync(SimulatedYear.Pipeline, 1, SimulatedWorld.Begin, SimulatedWorld.Begin.AddDays(200), default))
        {
            kept.Add(row);
        }

        kept.ShouldBeEmpty();

        void Told(string what, DateTimeOffset since, int days) => year.Timeline.ShouldContain(
            line => line.Contains(what) && DateOf(line) > since.UtcDateTime && DateOf(line) <= since.UtcDateTime.AddDays(days), $"{what} within {days} days of {since:yyyy-MM-dd}");
    }

    private static DateTime DateOf(string line) => DateTime.ParseExact(line[..10], "yyyy-MM-dd", CultureInfo.InvariantCulture);
}

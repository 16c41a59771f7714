using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Monitoring.Performance;
using ServerlessMlops.Learners;
using Xunit.Abstractions;

namespace ServerlessMlops.Core.Tests.Monitoring.Performance;

/// <summary>Estimated performance beside the true one, on the years of the sample that came after the model.</summary>
public class LaterQuartersTests(ITestOutputHelper log)
{
    // 1998 to 2001, and 2002 up to July.
    private static readonly (int Year, int Quarter)[] Quarters = [.. from year in Enumerable.Range(1998, 5) from quarter in Enumerable.Range(1, 4) where (year, quarter) != (2002, 4) select (year, quarter)];

    /// <summary>
    /// Three standard errors are stated, of chance alone: what the labels mean moves in some quarters, which no estimate without labels sees. One in twenty may
    /// lie outside for that.
    /// </summary>
    [Theory]
    [InlineData("damaged", LearningTask.Binary, new[] { "auc", "accuracy" })]
    [InlineData("speed_knots", LearningTask.Regression, new[] { "mae", "rmse" })]
    public async Task Evaluate_QuartersAfterTheModel_EstimateIsWithinItsStatedError(string target, LearningTask task, string[] metrics)
    {
        Birdstrikes sample = await Birdstrikes.LearnAsync(target, task, LearnerOptions.Boosting);
        foreach (string metric in metrics)
        {
            double offSum = 0, errorSum = 0;
            int within = 0;
            foreach ((int year, int quarter) in Quarters)
            {
                (WindowSums window, IReadOnlyDictionary<string, double> truth) = sample.Quarter(year, quarter);
                MonitorFinding finding = EstimatedPerformance.Evaluate(sample.Card, window).Single(f => f.Subject == metric);
                double off = Math.Abs(finding.Measures["estimate"] - truth[metric]);
                log.WriteLine($"{year}Q{quarter}: true {truth[metric]:0.000}; {finding.Verdict}: {finding.Sentence}");
                within += off <= finding.Measures["error"] ? 1 : 0;
                (offSum, errorSum) = (offSum + off, errorSum + finding.Measures["error"]);
            }

            log.WriteLine($"{within} of {Quarters.Length} within");
            within.ShouldBeGreaterThanOrEqualTo(Quarters.Length - 1, metric);
            offSum.ShouldBeLessThan(errorSum / 2, "what holds only because the stated error is wide is no estimate");
        }
    }
}

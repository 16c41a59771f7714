using System.Text;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Learners;

namespace ServerlessMlops.Core.Tests.Training;

public sealed class CandidatesTests
{
    private const int Days = 200;

    [Theory]
    [InlineData("t", 2 * 159)]
    [InlineData(null, -1)]
    public async Task Train_BaselineOfARisingValue_KnowsTheLastOnlyWhereRowsHaveATime(string? time, int expected)
    {
        var spec = new PipelineSpec { Target = "y", Time = time, Columns = new Dictionary<string, ColumnSpec> { ["t"] = new() { Ignore = time is null } } };
        ColumnTable table = await ReadAsync(spec);
        TrainingData data = TrainingData.Prepare(table, spec, SplitRule.For(spec));

        TrainedModel model = Candidates.Train(Candidates.OptionsOf(LearnerOptions.Baseline, settings: null), data, threads: 1, CancellationToken.None);

        float predicted = model.Predict(data.Holdout.Features)[0];
        predicted.ShouldBe(expected >= 0 ? expected : data.Train.Labels.Average(), 0.01f);
    }

    /// <summary>A value that rises by two a day, over 200 days of which the last fifth is held out by time.</summary>
    private static async Task<ColumnTable> ReadAsync(PipelineSpec spec)
    {
        var text = new StringBuilder("t,x,y\n");
        for (int day = 0; day < Days; day++)
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{new DateTime(2024, 1, 1).AddDays(day):yyyy-MM-dd},{day % 7}.5,{2 * day}.0\n");
        }

        var part = new MemoryStream();
        BatchResult result = await Ingest.RunAsync(new MemoryStream(Encoding.UTF8.GetBytes(text.ToString())), "a.csv", spec, null, part, new MemoryStream(), CancellationToken.None);
        result.Reason.ShouldBeNull();
        var batch = new BatchSummary { BatchId = result.BatchId!, Rows = result.RowsKept, Schema = result.Schema!, ReceivedAt = DateTimeOffset.UnixEpoch };
        return await DatasetReader.ReadAsync(
            DatasetAssembly.Assemble([batch], spec)!, (_, _) => Task.FromResult<Stream>(new MemoryStream(part.ToArray())), null, CancellationToken.None);
    }
}

using System.Text;
using ServerlessMlops.Core.Feedback;
using ServerlessMlops.Core.Labelling;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Tests.Monitoring;
using ServerlessMlops.Data.Columns;

namespace ServerlessMlops.Core.Tests.Feedback;

public class LabelledFileTests
{
    private static readonly ModelCard Card = Cards.Binary();

    [Fact]
    public void Write_ColumnsOfEarlierUploads_InputsAsScored_TimeAndKeyOfTheLog()
    {
        PipelineSpec spec = Spec("target: damaged\nkey: id\ntime: seen\ncolumns: {gone: ignore}\n");
        var schema = new TableSchema([new("note", ColumnType.Text), new("x", ColumnType.Number), new("gone", ColumnType.Number), new("seen", ColumnType.Timestamp), new("c", ColumnType.Category), new("damaged", ColumnType.Category), new("id", ColumnType.Identifier)]);
        LabelledPrediction[] rows = [Row("i2", "k2", 13, """{"x":1.5,"c":"a \"b\", c"}""", "no"), Row("i1", null, 12, """{"x":null,"c":"=1+1","old":3}""", "yes")];

        string csv = Encoding.UTF8.GetString(LabelledFile.Write(rows, spec, schema, out int leftOut));

        leftOut.ShouldBe(0);
        csv.ShouldBe("note,x,seen,c,damaged,id\r\n,,2026-03-01T12:00:00.000Z,=1+1,yes,\r\n,1.5,2026-03-01T13:00:00.000Z,\"a \"\"b\"\", c\",no,k2\r\n");
        LabelledFile.Write(rows.Reverse(), spec, schema, out _).ShouldBe(Encoding.UTF8.GetBytes(csv), "the order of reading is not that of the file");
    }

    [Fact]
    public void Write_RowsLoggedAsHashes_AreLeftOutAndCounted()
    {
        LabelledFile.Write([Row("i1", "k1", 12, """{"x":1,"c":{"hash":"ab"}}""", "yes")], Spec("target: damaged\n"), null, out int leftOut);
        leftOut.ShouldBe(1);
    }

    [Theory]
    [InlineData("scoring: {columns: {c: {log: hash}}}", ColumnType.Timestamp, "does not keep 'c' in full")]
    [InlineData("scoring: {columns: {x: {log: omit}, c: {log: hash}}}", ColumnType.Timestamp, "'x', 'c'")]
    [InlineData("scoring: {columns: {other: {log: hash}}}", ColumnType.Timestamp, null)]
    [InlineData("time: seen", ColumnType.Integer, "the time column 'seen' holds no times")]
    [InlineData("time: seen", ColumnType.Timestamp, null)]
    public void Obstacle_WhatTheLogDoesNotKeep_IsSaid(string more, ColumnType seen, string? says)
    {
        string? obstacle = LabelledFile.Obstacle(Spec($"target: damaged\n{more}\n"), Card, new TableSchema([new("seen", seen)]));
        (obstacle is null).ShouldBe(says is null);
        obstacle?.ShouldContain(says!);
    }

    [Theory]
    [InlineData("birds/labelled/000001.csv", true)]
    [InlineData("birds/labelled/1000000.csv", true)]
    [InlineData("birds/labelled/mine.csv", false)]
    [InlineData("birds/2026/labelled/000001.csv", false)]
    public void IsPath_OnlyWhatTheAppWrites(string path, bool expected)
    {
        LabelledFile.IsPath(path).ShouldBe(expected);
        LabelledFile.IsPath(LabelledFile.PathOf("birds", 7)).ShouldBeTrue();
    }

    [Fact]
    public void Written_TakesWhatWasNext_AndForgetsHoursThatGetNoLabels()
    {
        var export = new LabelledExport { Taken = new Dictionary<string, long> { ["2026010100"] = 1, ["2026030100"] = 1 }, Next = new Dictionary<string, long> { ["2026030100"] = 2, ["2026030200"] = 1 } };
        LabelledExport after = export.Written("2026020100");
        (after.Number, after.Next).ShouldBe((2, null));
        after.Taken.OrderBy(hour => hour.Key).Select(hour => (hour.Key, hour.Value)).ShouldBe([("2026030100", 2L), ("2026030200", 1L)]);
        after.Written("2026020100").ShouldBeSameAs(after);
    }

    private static PipelineSpec Spec(string yaml) => PipelineSpecParser.Parse(yaml).Spec!;

    private static LabelledPrediction Row(string id, string? key, int hour, string features, string label) => new(
        LoggedPrediction.Parse(Encoding.UTF8.GetBytes(
            $$"""{"inferenceId":"{{id}}","at":"2026-03-01T{{hour}}:00:00.000Z","version":3,{{(key is null ? "" : $"\"key\":\"{key}\",")}}"features":{{features}},"outputs":[0.5]}"""))!, label);
}

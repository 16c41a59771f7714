using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Data.Inference;

namespace ServerlessMlops.Core.Tests.Datasets;

public class SchemaCheckTests
{
    private static readonly PipelineSpec Spec = new() { Target = "y" };

    private static InferredColumn Seen(string name, ColumnType type) => new(new ColumnSchema(name, type), "as seen", 100, 0, 10);

    private static SchemaDecision Decide(ColumnType before, ColumnType now, PipelineSpec? spec = null) => SchemaCheck.Decide(
        [Seen("v", now), Seen("y", ColumnType.Integer)], spec ?? Spec, new TableSchema([new("v", before), new("y", ColumnType.Integer)]));

    [Theory]
    [InlineData(ColumnType.Integer, ColumnType.Category, DataFindingCodes.NotInteger)]
    [InlineData(ColumnType.Integer, ColumnType.Timestamp, DataFindingCodes.OtherType)]
    [InlineData(ColumnType.Number, ColumnType.Category, DataFindingCodes.NotNumber)]
    [InlineData(ColumnType.Number, ColumnType.Boolean, DataFindingCodes.OtherType)]
    [InlineData(ColumnType.Boolean, ColumnType.Category, DataFindingCodes.NotBoolean)]
    [InlineData(ColumnType.Boolean, ColumnType.Number, DataFindingCodes.BooleanNumber)]
    [InlineData(ColumnType.Timestamp, ColumnType.Number, DataFindingCodes.OtherType)]
    [InlineData(ColumnType.Timestamp, ColumnType.Text, DataFindingCodes.OtherType)]
    public void Decide_RetypedColumn_IsAnError(ColumnType before, ColumnType now, string code)
    {
        var finding = Decide(before, now).Findings.ShouldHaveSingleItem();
        (finding.Code, finding.Severity, finding.Column).ShouldBe((code, FindingSeverity.Error, "v"));
    }

    [Theory]
    [InlineData(ColumnType.Number, ColumnType.Integer)]
    [InlineData(ColumnType.Boolean, ColumnType.Integer)]
    [InlineData(ColumnType.Category, ColumnType.Integer)]
    [InlineData(ColumnType.Text, ColumnType.Category)]
    [InlineData(ColumnType.Identifier, ColumnType.Integer)]
    public void Decide_ValuesThatTheKnownTypeTakes_AreReadAsBefore(ColumnType before, ColumnType now)
    {
        var decision = Decide(before, now);
        decision.Findings.ShouldBeEmpty();
        decision.Schema.Find("v")!.Type.ShouldBe(before);
    }

    [Theory]
    [InlineData(TimestampForm.DayFirst, TimestampForm.DayFirst)]
    [InlineData(TimestampForm.MonthFirst, TimestampForm.MonthFirst)]
    [InlineData(TimestampForm.Iso, TimestampForm.MonthFirst)]
    public void Decide_DatesThatReadEitherWay_AreReadAsEarlierUploadsWere(TimestampForm before, TimestampForm expected)
    {
        var seen = new InferredColumn(new ColumnSchema("t", ColumnType.Timestamp) { TimestampForm = TimestampForm.MonthFirst }, "times, month first", 9, 0, 9) { EitherForm = true };
        var target = new InferredColumn(new ColumnSchema("y", ColumnType.Integer), "whole numbers", 9, 0, 2);
        var known = new TableSchema([new ColumnSchema("t", ColumnType.Timestamp) { TimestampForm = before }, new ColumnSchema("y", ColumnType.Integer)]);
        SchemaCheck.Decide([seen, target], new PipelineSpec { Target = "y" }, known).Schema.Find("t")!.TimestampForm.ShouldBe(expected);
        SchemaCheck.Decide([seen with { EitherForm = false }, target], new PipelineSpec { Target = "y" }, known).Schema.Find("t")!.TimestampForm.ShouldBe(TimestampForm.MonthFirst);
    }

    [Fact]
    public void Decide_DecimalsInWholeNumbers_Widen()
    {
        var decision = Decide(ColumnType.Integer, ColumnType.Number);
        decision.Findings.ShouldHaveSingleItem().Code.ShouldBe(DataFindingCodes.Widened);
        decision.Schema.Find("v")!.Type.ShouldBe(ColumnType.Number);
    }

    [Fact]
    public void Decide_MissingAndNewColumns_HaveCodes()
    {
        var decision = SchemaCheck.Decide([Seen("w", ColumnType.Integer), Seen("y", ColumnType.Integer)], Spec, new TableSchema([new("v", ColumnType.Integer), new("y", ColumnType.Integer)]));
        decision.Findings.Select(f => (f.Code, f.Severity, f.Column)).ShouldBe(
            [(DataFindingCodes.MissingColumn, FindingSeverity.Error, "v"), (DataFindingCodes.NewColumn, FindingSeverity.Warning, "w")]);
    }

    [Fact]
    public void Decide_ColumnThatTheSpecIgnores_IsNeitherMissedNorRead()
    {
        var spec = Spec with { Columns = new Dictionary<string, ColumnSpec> { ["v"] = new() { Ignore = true } } };
        Decide(ColumnType.Integer, ColumnType.Category, spec).Schema.Columns.Select(c => c.Name).ShouldBe(["y"]);
    }

    [Fact]
    public void Decide_TypeThatTheSpecSays_Wins()
    {
        var spec = Spec with { Columns = new Dictionary<string, ColumnSpec> { ["v"] = new() { Type = ColumnType.Category } } };
        var decision = Decide(ColumnType.Integer, ColumnType.Category, spec);
        decision.Findings.ShouldBeEmpty();
        decision.Schema.Find("v")!.Type.ShouldBe(ColumnType.Category);
    }
}

using System.Text;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Core.Tests.Datasets;

/// <summary>Every kind of expectation: what passes, which rows it sets aside, and when it rejects the upload.</summary>
public class ExpectationTests
{
    private static readonly DateTimeOffset Now = new(2024, 3, 10, 0, 0, 0, TimeSpan.Zero);

    /// <summary>One rule a case; column v (and w beside it), one value a row.</summary>
    public static TheoryData<string, Expectation, string, string> RowRules => new()
    {
        { "between", new() { Column = "v", Between = ["0", "10"] }, "0;10;5.5;", "-1;10.01" },
        { "between, one side", new() { Column = "v", Between = [null, "10"] }, "-999;10", "11" },
        { "between, times", new() { Column = "v", Between = ["2024-01-01", "2024-12-31"] }, "2024-01-01;2024-06-30T12:00:00", "2023-12-31;2025-01-01" },
        { "in", new() { Column = "v", In = ["AA", "DL"] }, "AA;DL;", "UA" },
        { "in, numbers", new() { Column = "v", In = ["1", "2"] }, "1;2", "3" },
        { "in, decimals", new() { Column = "v", In = ["1.0", "2.50"] }, "1;2.5;", "3" },
        { "notIn, decimals", new() { Column = "v", NotIn = ["-999.0"] }, "1;2.5;", "-999" },
        { "notIn", new() { Column = "v", NotIn = ["bad", "worse"] }, "good;", "bad;worse" },
        { "matches", new() { Column = "v", Matches = "^[A-Z]{3}-\\d+$" }, "ABC-1;", "abc-1;ABC-" },
        { "notNull", new() { Column = "v", NotNull = true }, "a;b", ";NA" },
        { "atMostColumn", new() { Column = "v", AtMostColumn = "w" }, "5;4.5;", "5.5;6" },
        { "unique", new() { Column = "v", Unique = true }, "1;2;;", "1;2" },
        { "increasing", new() { Column = "v", Increasing = true }, "1;2;2;", "0;1" },
        { "increasing, times", new() { Column = "v", Increasing = true }, "2024-01-01;2024-01-01;2024-02-01", "2024-01-15" },
    };

    private static async Task<(BatchResult Result, string[] Rejected)> Run(string text, params Expectation[] expect)
    {
        var rejected = new MemoryStream();
        var result = await Ingest.RunAsync(
            new IngestRequest
            {
                Open = _ => ValueTask.FromResult<Stream>(new MemoryStream(Encoding.UTF8.GetBytes(text))),
                Name = "a.csv",
                Spec = new PipelineSpec { Target = "y", RejectTolerance = 1, Expect = expect },
                Arrow = new MemoryStream(),
                Rejected = rejected,
                AsOf = Now,
            },
            CancellationToken.None);
        return (result, [.. Encoding.UTF8.GetString(rejected.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1)]);
    }

    private static string File(params string[] values) => "v,w,y\n" + string.Concat(values.Select((v, i) => $"{v},5,{i % 2}\n"));

    [Theory]
    [MemberData(nameof(RowRules))]
    public async Task RunAsync_RowRule_SetsAsideExactlyTheRowsThatBreakIt(string what, Expectation rule, string good, string bad)
    {
        string[] passing = good.Split(';'), failing = bad.Split(';');
        (BatchResult fine, _) = await Run(File([.. passing, passing[0].Length > 0 && rule.Unique == true ? "99" : passing[^1]]), rule);
        fine.Verdict.ShouldBe(BatchVerdict.Accepted, $"{what}: {fine.Reason}");
        fine.RowsRejected.ShouldBe(0, what);

        (BatchResult result, string[] rejected) = await Run(File([.. passing, .. failing]), rule);
        result.Verdict.ShouldBe(BatchVerdict.Accepted, what);
        (result.RowsKept, result.RowsRejected).ShouldBe((passing.Length, failing.Length), what);
        string name = what.Split(',')[0];
        rejected.Select(l => string.Join(',', l.Split(',').Take(3))).ShouldBe(failing.Select((_, i) => $"{passing.Length + i + 2},v,{name}"), what);
        result.Rejections.ShouldBe([new RejectionCount("v", name, failing.Length)]);
    }

    [Theory]
    [MemberData(nameof(RowRules))]
    public async Task RunAsync_RowRuleAsWarning_KeepsTheRowsAndSaysSo(string what, Expectation rule, string good, string bad)
    {
        int rows = good.Split(';').Length + bad.Split(';').Length;
        (BatchResult result, string[] rejected) = await Run(File([.. good.Split(';'), .. bad.Split(';')]), rule with { Severity = ExpectationSeverity.Warning, Mostly = 0.99 });

        result.Verdict.ShouldBe(BatchVerdict.Accepted, what);
        (result.RowsKept, rejected.Length).ShouldBe((rows, 0), what);
        result.Findings.ShouldContain(f => f.Code == DataFindingCodes.Expectation && f.Severity == FindingSeverity.Warning && f.Column == "v", what);
    }

    [Theory]
    [MemberData(nameof(RowRules))]
    public async Task RunAsync_FewerHoldThanMostly_RejectsTheUpload(string what, Expectation rule, string good, string bad)
    {
        string text = File([.. good.Split(';'), .. bad.Split(';')]);
        (BatchResult strict, _) = await Run(text, rule with { Mostly = 0.95 });
        strict.Verdict.ShouldBe(BatchVerdict.Rejected, what);
        strict.Reason!.ShouldContain("at least 95% must", Case.Sensitive, what);

        (BatchResult lenient, _) = await Run(text, rule with { Mostly = 0.2 });
        lenient.Verdict.ShouldBe(BatchVerdict.Accepted, what);
        lenient.RowsRejected.ShouldBe(bad.Split(';').Length, what);
    }

    [Theory]
    [InlineData(2, 6, true)]
    [InlineData(null, 5, true)]
    [InlineData(6, null, false)]
    [InlineData(null, 4, false)]
    public async Task RunAsync_Rows_AreCounted(int? least, int? most, bool passes)
    {
        (BatchResult result, _) = await Run(File("1", "2", "3", "4", "5"), new Expectation { Rows = new RowCountExpectation { AtLeast = least, AtMost = most } });
        (result.Verdict == BatchVerdict.Accepted).ShouldBe(passes, result.Reason);
    }

    [Theory]
    [InlineData(0.4, true)]
    [InlineData(0.3, false)]
    public async Task RunAsync_MaxNullShare_IsHeldAgainstTheColumn(double share, bool passes)
    {
        (BatchResult result, _) = await Run(File("1", "", "NA", "4", "5"), new Expectation { Column = "v", MaxNullShare = share });
        (result.Verdict == BatchVerdict.Accepted).ShouldBe(passes, result.Reason);
        result.RowsRejected.ShouldBe(0);
    }

    [Theory]
    [InlineData(2, true)]
    [InlineData(1, false)]
    public async Task RunAsync_Freshness_LooksAtTheNewestTime(int days, bool passes)
    {
        (BatchResult result, _) = await Run(File("2024-01-01", "2024-03-08T12:00:00"), new Expectation { Column = "v", Freshness = TimeSpan.FromDays(days) });
        (result.Verdict == BatchVerdict.Accepted).ShouldBe(passes, result.Reason);
    }

    [Theory]
    [InlineData("increasing", "column 'v' is read as Category, but 'increasing' needs numbers or times.")]
    [InlineData("atMostColumn", "column 'n' is read as Integer, but 'atMostColumn' needs two columns of numbers, or of times ('v' is read as Category).")]
    public async Task RunAsync_RuleOfOrderOnNames_RejectsWithTheFix(string rule, string message)
    {
        var expectation = rule == "increasing" ? new Expectation { Column = "v", Increasing = true } : new Expectation { Column = "n", AtMostColumn = "v" };
        (BatchResult result, _) = await Run("n,v,y\n1,red,0\n2,blue,1\n", expectation);
        result.Reason.ShouldNotBeNull().ShouldStartWith(message);
    }

    [Fact]
    public async Task RunAsync_RowThatBreaksSeveralRules_HasAllItsReasonsAndTheOrderOfRulesDoesNotMatter()
    {
        Expectation[] rules = [new() { Column = "v", Between = ["0", "10"] }, new() { Column = "v", In = ["1", "2", "3"], Mostly = 0.5 }, new() { Column = "w", NotNull = true }];
        string text = "v,w,y\n1,5,0\n2,5,1\n99,,0\n98,5,1\nx,,0\n" + string.Concat(Enumerable.Range(0, 300).Select(i => $"{1 + (i % 3)},5,{i % 2}\n"));
        (BatchResult result, string[] rejected) = await Run(text, rules);
        (BatchResult turned, _) = await Run(text, [.. rules.Reverse()]);

        result.RowsRejected.ShouldBe(3, "the value that is no number, and the two that break rules");
        rejected.Select(l => string.Join(',', l.Split(',').Take(3))).ShouldBe(["4,v,between", "4,v,in", "4,w,notNull", "5,v,between", "5,v,in", "6,v,type"]);
        turned.Rejections.ShouldBe(result.Rejections);
        turned.Findings.Select(f => f.Message).Order().ShouldBe(result.Findings.Select(f => f.Message).Order());
    }

    [Fact]
    public async Task RunAsync_FindingsOfExpectations_CarryTheNameThatGreatExpectationsHas()
    {
        (BatchResult result, _) = await Run(
            File("1", "2", "2", "-1", ""),
            new() { Column = "v", Between = ["0", "10"] },
            new() { Column = "v", Unique = true },
            new() { Column = "v", MaxNullShare = 0.1 },
            new() { Rows = new RowCountExpectation { AtLeast = 10 } });
        result.Findings.Select(f => f.Expectation).OfType<string>().Order().ShouldBe(
            ["expect_column_values_to_be_between", "expect_column_values_to_be_unique", "expect_column_values_to_not_be_null", "expect_table_row_count_to_be_between"]);
        result.Findings.Where(f => f.Code == DataFindingCodes.TooManyRejected).ShouldAllBe(f => f.Expectation == null);
    }

    [Fact]
    public async Task RunAsync_RuleThatDoesNotFitTheType_RejectsWithTheFix()
    {
        (BatchResult result, _) = await Run(File("red", "blue"), new Expectation { Column = "v", Between = ["0", "1"] });
        result.Findings.ShouldContain(f => f.Code == DataFindingCodes.ExpectationUnfit);
        result.Reason.ShouldBe("column 'v' is read as Category, but 'between' needs numbers. Correct the expectation, or say the column's type in the spec.");
    }

    [Fact]
    public async Task RunAsync_ManyRepeatedRows_AreSaid()
    {
        (BatchResult result, _) = await Run(File("1", "2", "3", "4", "5") + File("1", "2", "3", "4", "5")[6..]);
        result.Findings.ShouldContain(f => f.Code == DataFindingCodes.DuplicateRows && f.Message.StartsWith("5 of 10 rows (50%) repeat", StringComparison.Ordinal));
    }
}

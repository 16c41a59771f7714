using System.Linq.Expressions;
using System.Runtime.Serialization;
using System.Text;
using Azure;
using Azure.Data.Tables;
using Azure.Data.Tables.Models;

namespace ServerlessMlops.Offline.Tests.Tables;

public sealed class FilterTests
{
    private static readonly DateTimeOffset At = new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.FromHours(1));
    private static readonly Guid Id = new("6f9619ff-8b86-d011-b42d-00c04fc964ff");

    private enum Colour
    {
        Red,
        Green,
    }

    [Fact]
    public void CreateQueryFilter_Comparisons_AreTheServicesOperators()
    {
        Filter(row => row.PartitionKey == "p").ShouldBe("PartitionKey eq 'p'");
        Filter(row => row.PartitionKey != "p").ShouldBe("PartitionKey ne 'p'");
        Filter(row => row.Number > 1).ShouldBe("Number gt 1");
        Filter(row => row.Number >= -1).ShouldBe("Number ge -1");
        Filter(row => row.Number < 1).ShouldBe("Number lt 1");
        Filter(row => row.Number <= 1).ShouldBe("Number le 1");
        Filter(row => 5 < row.Number).ShouldBe("5 lt Number");
    }

    [Fact]
    public void CreateQueryFilter_AndOrNot_PutOperationsInParentheses()
    {
        Filter(row => row.PartitionKey == "p" && row.RowKey == "r").ShouldBe("(PartitionKey eq 'p') and (RowKey eq 'r')");
        Filter(row => row.Number == 1 || row.Number == 2 || row.Number == 3).ShouldBe("((Number eq 1) or (Number eq 2)) or (Number eq 3)");
        Filter(row => row.Number == 1 && (row.Number == 2 || row.Number == 3)).ShouldBe("(Number eq 1) and ((Number eq 2) or (Number eq 3))");
        Filter(row => !(row.Number == 1)).ShouldBe("not (Number eq 1)");
    }

    [Fact]
    public void CreateQueryFilter_ConditionOfOneProperty_ComparesItWithTrue()
    {
        Filter(row => row.Flag).ShouldBe("Flag eq true");
        Filter(row => !row.Flag).ShouldBe("not (Flag eq true)");
        Filter(row => !row.Flag && row.Flag).ShouldBe("(not (Flag eq true)) and (Flag eq true)");
        Filter(row => row.Number == 1 || row.Flag).ShouldBe("(Number eq 1) or (Flag eq true)");
        Filter(row => row.MaybeFlag!.Value).ShouldBe("MaybeFlag eq true");
        Filter(row => row.Flag == false).ShouldBe("Flag eq false");
        TableClient.CreateQueryFilter<TableEntity>(row => (bool)row["Flag"]).ShouldBe("Flag eq true");
        TableClient.CreateQueryFilter<TableEntity>(row => row.GetBoolean("Flag")!.Value && row.PartitionKey == "p").ShouldBe("(Flag eq true) and (PartitionKey eq 'p')");
    }

    [Fact]
    public void CreateQueryFilter_Literals_CarryTheirType()
    {
        Filter(row => row.Text == "it's 'x'").ShouldBe("Text eq 'it''s ''x'''");
        Filter(row => row.Long == 5L).ShouldBe("Long eq 5L");
        Filter(row => row.Double == 5.0).ShouldBe("Double eq 5.0");
        Filter(row => row.Double == 0.1).ShouldBe("Double eq 0.1");
        Filter(row => row.Double == -5.0).ShouldBe("Double eq -5");
        Filter(row => row.Guid == Id).ShouldBe("Guid eq guid'6f9619ff-8b86-d011-b42d-00c04fc964ff'");
        Filter(row => row.Date == At).ShouldBe("Date eq datetime'2026-01-02T02:04:05.678Z'");
        Filter(row => row.Bytes == new byte[] { 1, 171 }).ShouldBe("Bytes eq X'01AB'");
        Filter(row => row.Text == null).ShouldBe("Text eq null");
    }

    [Fact]
    public void CreateQueryFilter_CapturedVariablesAndCalls_AreEvaluatedFirst()
    {
        var prefix = "run";
        var limits = new[] { 3, 4 };
        var holder = new { Inner = new { Value = 7L } };
        Filter(row => row.RowKey == prefix + "-" + 1.ToString()).ShouldBe("RowKey eq 'run-1'");
        Filter(row => row.Number < limits[1]).ShouldBe("Number lt 4");
        Filter(row => row.Long == holder.Inner.Value).ShouldBe("Long eq 7L");
        Filter(row => row.Date < At.AddDays(1)).ShouldBe("Date lt datetime'2026-01-03T02:04:05.678Z'");
        Filter(row => true).ShouldBeNull();
    }

    [Fact]
    public void CreateQueryFilter_CompareAndEquals_BecomeComparisons()
    {
        Filter(row => row.RowKey.CompareTo("a") >= 0).ShouldBe("RowKey ge 'a'");
        Filter(row => string.Compare(row.RowKey, "b") < 0).ShouldBe("RowKey lt 'b'");
        Filter(row => row.RowKey.Equals("a")).ShouldBe("RowKey eq 'a'");
        Filter(row => string.Equals(row.RowKey, "a") && row.Flag).ShouldBe("(RowKey eq 'a') and (Flag eq true)");
    }

    [Fact]
    public void CreateQueryFilter_NullableAndRenamedColumns_UseTheColumn()
    {
        int? nullable = 5;
        Filter(row => row.Maybe > 3).ShouldBe("Maybe gt 3");
        Filter(row => row.Maybe == nullable).ShouldBe("Maybe eq 5");
        Filter(row => row.Number > nullable).ShouldBe("Number gt 5");
        Filter(row => row.Maybe!.Value == 4).ShouldBe("Maybe eq 4");
        Filter(row => row.Renamed == "x").ShouldBe("column eq 'x'");
        TableServiceClient.CreateQueryFilter(item => item.Name == "runs").ShouldBe("TableName eq 'runs'");
    }

    [Fact]
    public void CreateQueryFilter_TableEntity_NamesItsColumns()
    {
        TableClient.CreateQueryFilter<TableEntity>(row => row.GetString("State") == "done").ShouldBe("State eq 'done'");
        TableClient.CreateQueryFilter<TableEntity>(row => row.GetInt64("N") > 5L && row.PartitionKey == "p").ShouldBe("(N gt 5L) and (PartitionKey eq 'p')");
    }

    [Fact]
    public void CreateQueryFilter_ColumnsAsObjects_AreComparedAsWhatTheyAreCastTo()
    {
        TableClient.CreateQueryFilter<TableEntity>(row => (string)row["State"] == "done").ShouldBe("State eq 'done'");
        TableClient.CreateQueryFilter<TableEntity>(row => row["State"] as string == "done").ShouldBe("State eq 'done'");
        TableClient.CreateQueryFilter<TableEntity>(row => (int)row["N"] > 4).ShouldBe("N gt 4");
    }

    [Fact]
    public void CreateQueryFilter_GenericEntity_NamesTheProperty() => ByPartition<Row>("p").ShouldBe("PartitionKey eq 'p'");

    [Fact]
    public void CreateQueryFilter_WhatHasNoTranslation_Throws()
    {
        Should.Throw<NotSupportedException>(() => Filter(row => row.Number << 1 == 2));
        Should.Throw<NotSupportedException>(() => Filter(row => row.Field == 1));
        Should.Throw<NotSupportedException>(() => Filter(row => (row.Text ?? "x") == "x"));
        Should.Throw<NotSupportedException>(() => Filter(row => string.Equals(row.Text, "x", StringComparison.Ordinal)));
        Should.Throw<NotSupportedException>(() => Filter(row => row.Text!.Equals("x", StringComparison.Ordinal)));
        Should.Throw<NotSupportedException>(() => Filter(row => string.Compare(row.Text, "x", StringComparison.Ordinal) < 0));
        Should.Throw<NotSupportedException>(() => Filter(row => row.Text!.Contains("xy")));
        Should.Throw<NotSupportedException>(() => TableClient.CreateQueryFilter<TableEntity>(row => row.GetDateTimeOffset("Date") > At));
        Should.Throw<InvalidOperationException>(() => Filter(row => row.Span == TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public void CreateQueryFilter_Interpolated_QuotesAndEscapes()
    {
        TableClient.CreateQueryFilter($"A eq {"it's"} and B eq {'\''}").ShouldBe("A eq 'it''s' and B eq ''''");
        TableClient.CreateQueryFilter($"A eq {new StringBuilder("x'y")}").ShouldBe("A eq 'x''y'");
        TableClient.CreateQueryFilter($"A eq {5} or A eq {5L} or A eq {5UL}").ShouldBe("A eq 5 or A eq 5L or A eq 5L");
        TableClient.CreateQueryFilter($"A eq {0.5} or A eq {true}").ShouldBe("A eq 0.5 or A eq true");
        TableClient.CreateQueryFilter($"A eq {Id}").ShouldBe("A eq guid'6f9619ff-8b86-d011-b42d-00c04fc964ff'");
        TableClient.CreateQueryFilter($"A eq {At}").ShouldBe("A eq datetime'2026-01-02T02:04:05.678Z'");
        TableClient.CreateQueryFilter($"A eq {At.UtcDateTime}").ShouldBe("A eq datetime'2026-01-02T02:04:05.678Z'");
        TableClient.CreateQueryFilter($"A eq {new byte[] { 1, 171 }}").ShouldBe("A eq X'01AB'");
        TableClient.CreateQueryFilter($"A eq {new BinaryData([1, 171])}").ShouldBe("A eq X'01AB'");
        TableClient.CreateQueryFilter($"A eq {5.0}").ShouldBe("A eq 5");
        TableClient.CreateQueryFilter($"A eq {null}").ShouldBe("A eq null");
        Should.Throw<ArgumentException>(() => TableClient.CreateQueryFilter($"A eq {TimeSpan.Zero}"));
        Should.Throw<ArgumentException>(() => TableClient.CreateQueryFilter($"A eq {Colour.Green}"));
    }

    [Fact]
    public void TableErrorCode_ComparesWithTextIgnoringCase()
    {
        (TableErrorCode.EntityAlreadyExists == "entityalreadyexists").ShouldBeTrue();
        ("TableNotFound" != TableErrorCode.TableNotFound).ShouldBeFalse();
        Should.Throw<ArgumentNullException>(() => (string?)null == TableErrorCode.TableNotFound);
    }

    private static string Filter(Expression<Func<Row, bool>> filter) => TableClient.CreateQueryFilter(filter);

    private static string ByPartition<T>(string key)
        where T : class, ITableEntity => TableClient.CreateQueryFilter<T>(row => row.PartitionKey == key);

    private sealed class Row : ITableEntity
    {
#pragma warning disable CS0649, CA1051
        public int Field;
#pragma warning restore CS0649, CA1051

        public string PartitionKey { get; set; } = string.Empty;

        public string RowKey { get; set; } = string.Empty;

        public DateTimeOffset? Timestamp { get; set; }

        public ETag ETag { get; set; }

        public string? Text { get; set; }

        public bool Flag { get; set; }

        public bool? MaybeFlag { get; set; }

        public int Number { get; set; }

        public int? Maybe { get; set; }

        public long Long { get; set; }

        public double Double { get; set; }

        public Guid Guid { get; set; }

        public DateTimeOffset Date { get; set; }

        public byte[]? Bytes { get; set; }

        public TimeSpan Span { get; set; }

        [DataMember(Name = "column")]
        public string? Renamed { get; set; }
    }
}

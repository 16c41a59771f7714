using System.Runtime.Serialization;
using Azure;
using Azure.Data.Tables;
using ServerlessMlops.TestSupport.Azurite;

namespace ServerlessMlops.Offline.Tests.Tables;

/// <summary>How columns and properties of typed entities meet: the package's rules, the silent ones included.</summary>
[Collection(TablesCollection.Name)]
public sealed class TypedEntityTests(AzuriteFixture azurite)
{
    private enum Colour
    {
        Red,
        Green,
    }

    [Fact]
    public async Task RoundTrip_EveryKnownType_ComesBackAsItWas()
    {
        var table = await azurite.CreateTableAsync();
        var row = new Known
        {
            PartitionKey = "p", RowKey = "r", Text = "x", Flag = true, Number = 3, Long = -4_000_000_000L, Unsigned = 9_000_000_000UL, Double = 2.0, MaybeDouble = 0.5,
            Guid = new Guid("6f9619ff-8b86-d011-b42d-00c04fc964ff"), Date = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
            Time = new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc), Bytes = [1, 2, 3], Data = new BinaryData([4, 5]),
            Colour = Colour.Green, MaybeColour = Colour.Red, MaybeLong = 7, Initial = "set",
        };
        await table.AddEntityAsync(row);

        Known read = await table.GetEntityAsync<Known>("p", "r");

        (read.PartitionKey, read.RowKey, read.Text, read.Flag, read.Number).ShouldBe(("p", "r", "x", true, 3));
        (read.Long, read.Unsigned, read.Double, read.MaybeDouble, read.MaybeLong).ShouldBe((-4_000_000_000L, 9_000_000_000UL, 2.0, 0.5, 7L));
        (read.Guid, read.Date, read.Time).ShouldBe((row.Guid, row.Date, row.Time));
        read.Time.Kind.ShouldBe(DateTimeKind.Utc);
        read.Bytes.ShouldBe([1, 2, 3]);
        read.Data!.ToArray().ShouldBe([4, 5]);
        (read.Colour, read.MaybeColour).ShouldBe((Colour.Green, (Colour?)Colour.Red));
        read.MaybeNumber.ShouldBeNull();
        read.ETag.ToString().ShouldStartWith("W/");
        read.Timestamp.ShouldNotBeNull();
    }

    [Fact]
    public async Task Read_FloatDecimalAndTimeSpan_AreSilentlyTheirDefault()
    {
        var table = await azurite.CreateTableAsync();
        await table.AddEntityAsync(new Forgotten { PartitionKey = "p", RowKey = "r", Float = 1.5f, Decimal = 2.5m, Span = TimeSpan.FromMinutes(90) });

        Forgotten read = await table.GetEntityAsync<Forgotten>("p", "r");
        TableEntity stored = await table.GetEntityAsync<TableEntity>("p", "r");

        (read.Float, read.Decimal, read.Span).ShouldBe((0f, 0m, TimeSpan.Zero));
        (stored.GetDouble("Float"), stored.GetDouble("Decimal"), stored.GetString("Span")).ShouldBe((1.5, 2.5, "PT1H30M"));
    }

    [Fact]
    public async Task Read_MissingAndUnknownColumns_LeaveThePropertyAlone()
    {
        var table = await azurite.CreateTableAsync();
        await table.AddEntityAsync(new TableEntity("p", "r") { ["Unknown"] = 1 });

        Known read = await table.GetEntityAsync<Known>("p", "r");

        (read.Initial, read.Colour, read.Number).ShouldBe(("initial", Colour.Red, 0));
    }

    [Fact]
    public async Task Read_ColumnOfAnotherType_Fails()
    {
        var table = await azurite.CreateTableAsync();
        await table.AddEntityAsync(new TableEntity("p", "name") { ["Colour"] = "Blue" });
        await table.AddEntityAsync(new TableEntity("p", "maybe") { ["MaybeColour"] = "green" });
        await table.AddEntityAsync(new TableEntity("p", "int") { ["Long"] = 5 });
        await table.AddEntityAsync(new TableEntity("p", "long") { ["Number"] = 5L });

        await Should.ThrowAsync<ArgumentException>(() => table.GetEntityAsync<Known>("p", "name"));
        await Should.ThrowAsync<ArgumentException>(() => table.GetEntityAsync<Known>("p", "maybe"));
        await Should.ThrowAsync<ArgumentNullException>(() => table.GetEntityAsync<Known>("p", "int"));
        await Should.ThrowAsync<InvalidCastException>(() => table.GetEntityAsync<Known>("p", "long"));
    }

    [Fact]
    public async Task Write_IgnoredRenamedAndReadOnly_FollowTheirAttributes()
    {
        var table = await azurite.CreateTableAsync();
        await table.AddEntityAsync(new Shaped { PartitionKey = "p", RowKey = "r", Ignored = "secret", Renamed = "x" });

        TableEntity stored = await table.GetEntityAsync<TableEntity>("p", "r");
        Shaped read = await table.GetEntityAsync<Shaped>("p", "r");

        stored.ContainsKey("Ignored").ShouldBeFalse();
        stored.GetString("column").ShouldBe("x");
        stored.GetString("Computed").ShouldBe("p/r");
        stored.GetString("Private").ShouldBe("mine");
        (read.Renamed, read.Ignored, read.Computed, read.Private).ShouldBe(("x", null, "p/r", "mine"));
    }

    [Fact]
    public async Task Write_TypesTheServiceHasNot_AreRefused()
    {
        var table = await azurite.CreateTableAsync();
        await Should.ThrowAsync<NotSupportedException>(() => table.AddEntityAsync(new TableEntity("p", "r") { ["X"] = 5u }));
        await Should.ThrowAsync<NotSupportedException>(() => table.AddEntityAsync(new TableEntity("p", "r") { ["X"] = Colour.Red }));
        await Should.ThrowAsync<NotSupportedException>(
            () => table.AddEntityAsync(new TableEntity("p", "r") { ["X"] = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Unspecified) }));
        await Should.ThrowAsync<ArgumentException>(() => table.AddEntityAsync(new TableEntity("p", "r") { ["X"] = double.PositiveInfinity }));
    }

    [Fact]
    public void TableEntity_Accessors_ConvertNothingButDatesAndBytes()
    {
        var at = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.FromHours(2));
        var entity = new TableEntity("p", "r") { ["Int"] = 5, ["Long"] = 5L, ["Double"] = 5.0, ["Date"] = at, ["Bytes"] = new byte[] { 1 } };

        Should.Throw<InvalidOperationException>(() => entity.GetInt64("Int"));
        Should.Throw<InvalidOperationException>(() => entity.GetDouble("Int"));
        Should.Throw<InvalidOperationException>(() => entity.GetString("Int"));
        entity.GetString("None").ShouldBeNull();
        entity.GetDateTime("Date").ShouldBe(at.UtcDateTime);
        entity.GetBinaryData("Bytes").ToArray().ShouldBe([1]);

        entity["Long"] = 6;
        entity["Double"] = 6;
        (entity.GetInt64("Long"), entity.GetDouble("Double")).ShouldBe((6L, 6.0));
        entity.Keys.ShouldContain("PartitionKey");
        entity.Remove("Int").ShouldBeTrue();
        entity.ContainsKey("Int").ShouldBeFalse();
    }

    private abstract class Row : ITableEntity
    {
        public string PartitionKey { get; set; } = string.Empty;

        public string RowKey { get; set; } = string.Empty;

        public DateTimeOffset? Timestamp { get; set; }

        public ETag ETag { get; set; }
    }

    private sealed class Known : Row
    {
        public string? Text { get; set; }

        public bool Flag { get; set; }

        public int Number { get; set; }

        public int? MaybeNumber { get; set; }

        public long Long { get; set; }

        public long? MaybeLong { get; set; }

        public ulong Unsigned { get; set; }

        public double Double { get; set; }

        public double? MaybeDouble { get; set; }

        public Guid Guid { get; set; }

        public DateTimeOffset Date { get; set; }

        public DateTime Time { get; set; } = DateTime.UnixEpoch;

        public byte[]? Bytes { get; set; }

        public BinaryData? Data { get; set; }

        public Colour Colour { get; set; }

        public Colour? MaybeColour { get; set; }

        public string Initial { get; set; } = "initial";
    }

    private sealed class Forgotten : Row
    {
        public float Float { get; set; }

        public decimal Decimal { get; set; }

        public TimeSpan Span { get; set; }
    }

    private sealed class Shaped : Row
    {
        [IgnoreDataMember]
        public string? Ignored { get; set; }

        [DataMember(Name = "column")]
        public string? Renamed { get; set; }

        public string Computed => $"{PartitionKey}/{RowKey}";

        public string Private { get; private set; } = "mine";
    }
}

using ServerlessMlops.Data.Columns;
using ServerlessMlops.Data.Reading;

namespace ServerlessMlops.Data.Tests.Reading;

/// <summary>Each limit has an error that names row, column and limit.</summary>
public class LimitTests
{
    private static readonly ReadLimits Small = new() { MaxFieldBytes = 10, MaxRowBytes = 2000, MaxDepth = 3, MaxColumns = 5, MaxCategories = 20 };

    private static async Task<List<RejectedRow>> ReadAsync(string text, string name = "a.csv", ReadLimits? limits = null)
    {
        await using var reader = await TableReader.OpenAsync(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(text)), new TableReaderOptions { Name = name, Limits = limits ?? Small, ChunkBytes = 500 }, CancellationToken.None);
        var rejected = new List<RejectedRow>();
        await foreach (var group in reader.ReadAsync(new ReadPlan { Schema = new TableSchema([.. reader.Columns.Select(c => c.Schema)]) }, CancellationToken.None))
        {
            rejected.AddRange(group.Rejected);
        }

        return rejected;
    }

    [Fact]
    public async Task ReadAsync_LongField_IsSetAsideWithColumnAndLimit() =>
        (await ReadAsync("a,b\n1,x\n2,01234567890\n")).ShouldHaveSingleItem().ShouldBe(new RejectedRow(3, "b", "length", "2,01234567890", "at most 10 bytes in a field, found 11"));

    [Fact]
    public async Task ReadAsync_DeepJson_IsSetAsideWithTheLimit() =>
        (await ReadAsync("{\"a\":1}\n{\"a\":{\"b\":{\"c\":{\"d\":1}}}}\n", "a.jsonl")).ShouldHaveSingleItem()
            .ShouldBe(new RejectedRow(2, "", "depth", "{\"a\":{\"b\":{\"c\":{\"d\":1}}}}", "at most 3 objects and arrays within one another"));

    [Fact]
    public async Task ReadAsync_LongRow_NamesWhereAndTheLimit()
    {
        string head = "a,b\n" + string.Concat(Enumerable.Repeat("1,x\n", 300));
        var fault = await Should.ThrowAsync<UnreadableFileException>(() => ReadAsync(head + new string('x', 5000) + "\n"));
        fault.Code.ShouldBe(FileFaults.Limit);
        fault.Message.ShouldBe("the row that begins at byte 1,204 has more than 2,000 bytes without a line end; at most so many are read. Is this a table?");
    }

    [Fact]
    public async Task ReadAsync_ManyKeysOrColumns_NamesTheLimit()
    {
        (await Should.ThrowAsync<UnreadableFileException>(() => ReadAsync("a,b,c,d,e,f\n1,2,3,4,5,6\n"))).Message.ShouldStartWith("the first row has 6 columns; at most 5 are read.");
        (await Should.ThrowAsync<UnreadableFileException>(() => ReadAsync("{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1}\n", "a.jsonl"))).Message.ShouldBe("the objects have more than 5 different keys; at most so many columns are read.");
    }

    [Fact]
    public async Task ReadAsync_ManyNames_NamesColumnAndLimit()
    {
        string text = "name,x\n" + string.Concat(Enumerable.Range(0, 200).Select(i => $"n{(i < 100 ? i % 3 : i)},1\n"));
        var fault = await Should.ThrowAsync<UnreadableFileException>(() => ReadAsync(text));
        fault.Message.ShouldStartWith("column 'name' is read as a category and has more than 20 different values; at most so many are kept.");
    }
}

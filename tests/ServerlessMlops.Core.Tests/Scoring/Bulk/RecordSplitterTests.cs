using System.Text;
using FsCheck;
using FsCheck.Fluent;
using ServerlessMlops.Core.Scoring.Bulk;

namespace ServerlessMlops.Core.Tests.Scoring.Bulk;

public class RecordSplitterTests
{
    [Theory]
    [InlineData("a,b\nc", false, 4)]
    [InlineData("a,b\r\nc", false, 5)]
    [InlineData("a,b", false, 0)]
    [InlineData("a,b", true, 3)]
    [InlineData("\"a\nb\",c\nd", false, 8)]
    [InlineData("\"a\"\"\nb\",c\nd", false, 10)]
    [InlineData("\"a\nb", false, 0)]
    [InlineData("\"a\nb", true, 3)]
    [InlineData("\"a\nb\",c", true, 7)]
    [InlineData("5\" pipe,c\nd", false, 10)]
    public void Next_Csv_EndsWhereTheRecordDoes(string text, bool isEnd, int expected) =>
        RecordSplitter.Next(Encoding.UTF8.GetBytes(text), BulkFormat.Csv, (byte)',', isEnd).ShouldBe(expected);

    [Fact]
    public void Next_JsonLines_KnowsNoQuotes() => RecordSplitter.Next("{\"a\":\"x\n"u8, BulkFormat.JsonLines, (byte)',', isEnd: false).ShouldBe(8);

    [Fact]
    public void Next_QuoteThatIsNeverClosed_CostsOneLine()
    {
        byte[] text = Encoding.UTF8.GetBytes("\"open,1\n" + string.Concat(Enumerable.Repeat("good,2\n", RecordSplitter.MostRecordBytes / 7 + 10)));
        RecordSplitter.Next(text, BulkFormat.Csv, (byte)',', isEnd: false).ShouldBe(8);
    }

    [Fact]
    public void Cut_AnySize_GivesTheSameRecords() => Prop.ForAll(
        Gen.Elements("1,a\n", "\"x\ny\",b\r\n", "\"q\"\"q\",\n", "\n", "5\",c\n", "äö,d\n").ListOf().ToArbitrary(),
        Gen.Choose(1, 40).ToArbitrary(),
        (records, most) =>
        {
            byte[] text = Encoding.UTF8.GetBytes(string.Concat(records));
            var cuts = new List<byte[]>();
            for (int at = 0; at < text.Length;)
            {
                int length = RecordSplitter.Cut(text.AsSpan(at), most, BulkFormat.Csv, (byte)',', isEnd: true);
                length.ShouldBeGreaterThan(0);
                cuts.Add(text[at..(at + length)]);
                at += length;
            }

            // Whatever the size, a cut never falls inside a record.
            int start = 0;
            var ends = new HashSet<int>(records.Select(r => start += Encoding.UTF8.GetByteCount(r)));
            int end = 0;
            return cuts.SelectMany(c => c).SequenceEqual(text) && cuts.All(c => ends.Contains(end += c.Length));
        }).QuickCheckThrowOnFailure();
}

using Azure.Storage.Blobs;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Storage.Uploads;
using ServerlessMlops.TestSupport.Azurite;

namespace ServerlessMlops.Storage.Tests.Uploads;

public class UploadsContainerTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    private readonly BlobContainerClient _container = new BlobServiceClient(azurite.ConnectionString).GetBlobContainerClient(UploadsContainer.Name);

    private async Task<Upload> PutAsync(string path, byte[] content)
    {
        await _container.CreateIfNotExistsAsync();
        return new Upload(path, UploadsContainer.Bare((await _container.GetBlobClient(path).UploadAsync(BinaryData.FromBytes(content), overwrite: true)).Value.ETag));
    }

    private static byte[] Random(int length, int seed)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    [Theory]
    [InlineData(0, 2)]
    [InlineData(1, 1)]
    [InlineData((4 << 20) + 1, 2)]
    [InlineData(10 << 20, 3)]
    public async Task OpenAsync_ReadToItsEnd_GivesTheContentInFewRequests(int length, int requests)
    {
        byte[] content = Random(length, 1);
        Upload upload = await PutAsync($"{azurite.UniqueName("whole")}/a.csv", content);
        (BlobServiceClient service, RangeReads reads) = RangeReads.Client(azurite);

        (Stream stream, DateTimeOffset modified) = (await new UploadsContainer(service).OpenVersionAsync(upload, default)).ShouldNotBeNull();
        await using (stream)
        {
            stream.Length.ShouldBe(length);
            var copy = new MemoryStream();
            await stream.CopyToAsync(copy);
            copy.ToArray().AsSpan().SequenceEqual(content).ShouldBeTrue();
        }

        modified.ShouldBe((await _container.GetBlobClient(upload.Path).GetPropertiesAsync()).Value.LastModified);
        if (length > 0)
        {
            reads.Requests.ShouldBe(requests);
            reads.Bytes.ShouldBe(length);
        }
    }

    [Theory]
    [InlineData(0, 10)]
    [InlineData(7, 3)]
    [InlineData(10, 0)]
    [InlineData(11, 0)]
    public async Task OpenVersionAsync_FromAPlace_ReadsTheRest(long from, int rest)
    {
        Upload upload = await PutAsync($"{azurite.UniqueName("rest")}/a.csv", Random(10, 6));
        (Stream stream, _) = (await new UploadsContainer(new BlobServiceClient(azurite.ConnectionString)).OpenVersionAsync(upload, default, from)).ShouldNotBeNull();
        await using (stream)
        {
            (stream.Length, stream.Position).ShouldBe((10, from));
            var copy = new MemoryStream();
            await stream.CopyToAsync(copy);
            copy.ToArray().ShouldBe(Random(10, 6)[^rest..]);
        }
    }

    [Fact]
    public async Task OpenAsync_ReadHereAndThere_GivesTheSameBytes()
    {
        byte[] content = Random(9 << 20, 2);
        Upload upload = await PutAsync($"{azurite.UniqueName("leaps")}/a.csv", content);
        await using Stream stream = (await new UploadsContainer(new BlobServiceClient(azurite.ConnectionString)).OpenAsync(upload, default)).ShouldNotBeNull();
        var random = new Random(3);
        byte[] buffer = new byte[300_000];
        for (int i = 0; i < 60; i++)
        {
            if (i % 3 > 0)
            {
                stream.Seek(random.Next(content.Length), SeekOrigin.Begin);
            }

            int from = (int)stream.Position, wanted = random.Next(buffer.Length);
            int got = i % 2 == 0 ? await stream.ReadAtLeastAsync(buffer.AsMemory(0, wanted), wanted, throwOnEndOfStream: false) : stream.ReadAtLeast(buffer.AsSpan(0, wanted), wanted, throwOnEndOfStream: false);
            got.ShouldBe(Math.Min(wanted, content.Length - from));
            buffer.AsSpan(0, got).SequenceEqual(content.AsSpan(from, got)).ShouldBeTrue($"{wanted} bytes from {from}");
        }

        stream.Seek(1, SeekOrigin.End);
        (await stream.ReadAsync(buffer)).ShouldBe(0);
    }

    [Fact]
    public async Task OpenAsync_AnotherVersionOrNone_IsNull()
    {
        var uploads = new UploadsContainer(new BlobServiceClient(azurite.ConnectionString));
        Upload first = await PutAsync($"{azurite.UniqueName("versions")}/a.csv", [1]);
        Upload second = await PutAsync(first.Path, [2]);

        (await uploads.OpenAsync(first, default)).ShouldBeNull();
        (await uploads.OpenAsync(second with { Path = second.Path + "x" }, default)).ShouldBeNull();
        await using Stream? stream = await uploads.OpenAsync(second, default);
        stream.ShouldNotBeNull().ReadByte().ShouldBe(2);
    }

    [Fact]
    public async Task Read_BlobThatIsOverwrittenHalfWay_SaysSo()
    {
        Upload upload = await PutAsync($"{azurite.UniqueName("overwritten")}/a.csv", Random(6 << 20, 4));
        await using Stream stream = (await new UploadsContainer(new BlobServiceClient(azurite.ConnectionString)).OpenAsync(upload, default)).ShouldNotBeNull();
        await stream.ReadExactlyAsync(new byte[4 << 20]);
        await PutAsync(upload.Path, Random(6 << 20, 5));

        (await Should.ThrowAsync<SupersededException>(async () => await stream.ReadExactlyAsync(new byte[1]))).Message.ShouldContain(upload.Path);
    }
}

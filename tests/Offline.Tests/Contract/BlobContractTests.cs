using System.Text.Json;
using ServerlessMlops.EndToEnd.Harness;

namespace ServerlessMlops.Offline.Tests.Contract;

[Collection(ContractCollection.Name)]
public sealed class BlobContractTests(ContractFixture fixture)
{
    private ContractApp App => fixture.App;

    [Fact]
    public async Task Trigger_OnAPathWithTokens_BindsThemAndWhatIsKnownOfTheBlob()
    {
        await App.DropAsync("text/x/y/z.txt", "Grüße", new Dictionary<string, string> { ["who"] = "me" });
        await App.DropAsync("text/nothing.csv", "does not fit");

        string call = (await App.CallsAsync("BlobText", 1)).Single();

        call.ShouldBe($$"""x/y|z|Grüße|{{App.App.In}}/text/x/y/z.txt|{"who":"me"}|"{{App.Container(App.App.In).Uri}}/text/x/y/z.txt" """.TrimEnd());
    }

    [Theory]
    [InlineData("bytes/a", "AB", "BlobBytes", "a|4142|")]
    [InlineData("stream/a", "hello", "BlobStream", "a|hello")]
    [InlineData("data/a", "hello", "BlobData", "a|hello")]
    [InlineData("poco/a.json", """{"item":"nut","count":2}""", "BlobPoco", "a|2 nut")]
    [InlineData("client/a b&c", "hello", "BlobClients", "a b&c|5|")]
    [InlineData("base/a", "x", "BlobBase", "base/a")]
    [InlineData("block/a", "x", "BlobBlock", "block/a")]
    public async Task Trigger_OfEachType_BindsIt(string path, string content, string function, string expected)
    {
        await App.DropAsync(path, content);

        (await App.CallsAsync(function, 1))[0].ShouldStartWith(expected);
    }

    [Fact]
    public async Task Output_ToABlob_IsWrittenUnderTheTriggersTokens()
    {
        await App.DropAsync("copy/one.txt", "text");

        string copy = await Eventually.GetAsync("the copy is there", async () =>
        {
            var blob = App.Container(App.App.Out).GetBlobClient("copies/one.txt");
            return (await blob.ExistsAsync() ? (await blob.DownloadContentAsync()).Value.Content.ToString() : null, App.Log);
        });

        copy.ShouldBe("one.txt: text");
    }

    [Fact]
    public async Task Failure_FiveTimes_PutsTheVersionOnThePoisonQueue()
    {
        await App.DropAsync("fails/bad", "1");

        JsonElement poison = await Eventually.GetAsync("the message is on the queue", async () => (Boxed(await App.PoisonAsync("fails/bad")), App.Log)) is { Value: var found } ? found : default;

        (await App.CallsAsync("BlobFails")).ShouldBe(["bad|1", "bad|1", "bad|1", "bad|1", "bad|1"]);
        poison.EnumerateObject().Select(p => p.Name).ShouldBe(["Type", "FunctionId", "BlobType", "ContainerName", "BlobName", "ETag"]);
        poison.GetProperty("Type").GetString().ShouldBe("BlobTrigger");
        poison.GetProperty("FunctionId").GetString().ShouldBe("Host.Functions.BlobFails");
        poison.GetProperty("BlobType").GetString().ShouldBe("BlockBlob");
        poison.GetProperty("ETag").GetString().ShouldBe((await App.Container(App.App.In).GetBlobClient("fails/bad").GetPropertiesAsync()).Value.ETag.ToString());
    }

    [Fact]
    public async Task FunctionTimeout_OfABlobFunction_IsAFailure()
    {
        await using ContractApp app = await fixture.StartAsync(
            fixture.NewNames(),
            ("AzureFunctionsJobHost__functionTimeout", "00:00:00.300"), ("AzureFunctionsJobHost__extensions__blobs__poisonBlobThreshold", "2"));
        await app.DropAsync("never/a", "x");

        await Eventually.GetAsync("the message is on the queue", async () => (Boxed(await app.PoisonAsync("never/a")), app.Log));

        (await app.CallsAsync("BlobNever")).Count.ShouldBe(2);
        app.Log.ShouldContain("Timeout value of 00:00:00.3000000");
    }

    /// <summary>A restart finds receipts; only a changed blob comes again.</summary>
    [Fact]
    public async Task Version_ThatWasDealtWith_ComesAgainOnlyWhenItChanges()
    {
        ContractApp.Names names = fixture.NewNames();
        await using (ContractApp first = await fixture.StartAsync(names))
        {
            await first.DropAsync("data/a", "1");
            await first.DropAsync("data/b", "1");
            await first.CallsAsync("BlobData", 2);
            await first.DropAsync("data/a", "2");
            (await first.CallsAsync("BlobData", 3))[2].ShouldBe("a|2");
            (await first.TerminateAsync()).ShouldBe(0, first.Log);
        }

        await using ContractApp second = await fixture.StartAsync(names);
        await second.DropAsync("data/b", "2");
        await second.DropAsync("data/c", "1");

        List<string> calls = await second.CallsAsync("BlobData", 5);

        calls.Order(StringComparer.Ordinal).ShouldBe(["a|1", "a|2", "b|1", "b|2", "c|1"]);
    }

    [Fact]
    public async Task MaxDegreeOfParallelism_IsNotExceeded()
    {
        for (int i = 0; i < 6; i++)
        {
            await App.DropAsync($"slow/{i}", "x");
        }

        (await App.CallsAsync("BlobSlow", 6)).ShouldAllBe(call => call.EndsWith("|1", StringComparison.Ordinal) || call.EndsWith("|2", StringComparison.Ordinal));
    }

    /// <summary>Killed in the middle of a call: nothing says that the version was dealt with, so the next process calls again.</summary>
    [Fact]
    public async Task Version_WhoseCallWasKilled_ComesAgain()
    {
        ContractApp.Names names = fixture.NewNames();
        await using (ContractApp first = await fixture.StartAsync(names, ("AzureFunctionsJobHost__functionTimeout", "-1")))
        {
            await first.DropAsync("never/a", "x");
            await first.CallsAsync("BlobNever", 1);
            await first.KillAsync();
        }

        await using ContractApp second = await fixture.StartAsync(names);
        await second.CallsAsync("BlobNever", 2);
    }

    private static StrongBox? Boxed(List<JsonElement> messages) => messages.Count == 0 ? null : new StrongBox(messages.Single());

    private sealed record StrongBox(JsonElement Value);
}

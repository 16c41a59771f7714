using System.Net;
using System.Text;
using System.Text.Json;

namespace ServerlessMlops.Offline.Tests.Contract;

[Collection(ContractCollection.Name)]
public sealed class HttpContractTests(ContractFixture fixture)
{
    private HttpClient Http => fixture.App.Http;

    [Fact]
    public async Task Get_WithRouteValues_BindsThemByNameAndType()
    {
        JsonElement item = await JsonAsync(await Http.GetAsync("items/abc/7?x=1"));

        item.GetProperty("name").GetString().ShouldBe("abc");
        item.GetProperty("number").GetInt32().ShouldBe(7);
        item.GetProperty("method").GetString().ShouldBe("GET");
        item.GetProperty("function").GetString().ShouldBe("Item");
        item.GetProperty("entry").GetString().ShouldBe("ServerlessMlops.Offline.App.HttpContract.Item");
        item.GetProperty("same").GetBoolean().ShouldBeTrue();
        item.GetProperty("bound").GetString().ShouldBe("abc");
        item.GetProperty("cancellable").GetBoolean().ShouldBeTrue();
        Guid.TryParse(item.GetProperty("invocation").GetString(), out _).ShouldBeTrue();
    }

    [Theory]
    [InlineData("GET", "items/abc", HttpStatusCode.OK)]
    [InlineData("PUT", "items/abc/1", HttpStatusCode.OK)]
    [InlineData("GET", "items/abc/x", HttpStatusCode.NotFound)]
    [InlineData("GET", "items/a1/1", HttpStatusCode.NotFound)]
    [InlineData("GET", "Ping", HttpStatusCode.OK)]
    [InlineData("GET", "ping", HttpStatusCode.OK)]
    [InlineData("GET", "../Ping", HttpStatusCode.NotFound)]
    [InlineData("GET", "nothing", HttpStatusCode.NotFound)]
    public async Task Route_WithPrefixAndConstraints_FitsOrNot(string method, string path, HttpStatusCode expected)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        (await Http.SendAsync(request)).StatusCode.ShouldBe(expected);
    }

    [Fact]
    public async Task Invocation_HasAScopeOfServices_ThatEndsWithIt()
    {
        int before = (await JsonAsync(await Http.GetAsync("items/abc/1"))).GetProperty("scope").GetInt32();
        int after = (await JsonAsync(await Http.GetAsync("items/abc/1"))).GetProperty("scope").GetInt32();

        after.ShouldBeGreaterThan(before);
        (await JsonAsync(await Http.GetAsync("Scopes"))).GetInt32().ShouldBeGreaterThanOrEqualTo(before);
    }

    [Fact]
    public async Task FromBody_OfJson_BindsARecord()
    {
        HttpResponseMessage response = await Http.PostAsync("Body", Json("""{"item":"nut","count":3}"""));

        (await response.Content.ReadAsStringAsync()).ShouldBe("3 nut");
    }

    [Theory]
    [InlineData("{", "application/json")]
    [InlineData("{}", "text/plain")]
    public async Task FromBody_OfSomethingElse_FailsWithoutTellingWhy(string body, string type)
    {
        HttpResponseMessage response = await Http.PostAsync("Body", new StringContent(body, Encoding.UTF8, type));

        response.StatusCode.ShouldBe(HttpStatusCode.InternalServerError);
        (await response.Content.ReadAsStringAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Result_OfAspNetCore_IsWritten()
    {
        HttpResponseMessage response = await Http.PostAsync("deep/echo", new StringContent("hällo"));

        response.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("text/x-echo");
        (await response.Content.ReadAsStringAsync()).ShouldBe("hällo");
    }

    [Fact]
    public async Task RequestData_OfTheWorker_ReadsAndWrites()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "Classic?q=a%20b") { Content = Json("""{"item":"nut","count":3}""") };
        request.Headers.Add("X-Give", ["one", "two"]);

        HttpResponseMessage response = await Http.SendAsync(request);

        response.StatusCode.ShouldBe(HttpStatusCode.Created);
        response.Headers.GetValues("X-Seen").ShouldBe(["one, two"]);
        response.Headers.GetValues("X-Query").ShouldBe(["a b"]);
        response.Headers.GetValues("Set-Cookie").Single().ShouldStartWith("crumb=1");
        response.Content.Headers.ContentType!.ToString().ShouldBe("application/json; charset=utf-8");
        (await response.Content.ReadAsStringAsync()).ShouldBe("""{"Item":"nut","Count":4}"""); // the worker's serializer: names as they are
    }

    [Fact]
    public async Task Result_OfAnyOtherType_IsNotWritten()
    {
        HttpResponseMessage response = await Http.GetAsync("Bare");

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await response.Content.ReadAsStringAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Failure_OfAFunction_Is500WithoutItsMessage()
    {
        HttpResponseMessage response = await Http.GetAsync("Fails");

        response.StatusCode.ShouldBe(HttpStatusCode.InternalServerError);
        (await response.Content.ReadAsStringAsync()).ShouldNotContain("secret");
    }

    [Fact]
    public async Task Middleware_RunsInOrder_AndMayAnswer()
    {
        (await Http.GetStringAsync("Middle")).ShouldBe("outer,inner,True");

        HttpResponseMessage refused = await Http.GetAsync("Middle?fail");
        refused.StatusCode.ShouldBe(HttpStatusCode.NotImplemented);
        (await refused.Content.ReadAsStringAsync()).ShouldBe("not here");
    }

    [Theory]
    [InlineData("Slow?ms=60000")]
    [InlineData("Slow?ms=15000&deaf")]
    public async Task FunctionTimeout_OfARequest_Answers500(string path)
    {
        long started = TimeProvider.System.GetTimestamp();

        HttpResponseMessage response = await Http.GetAsync(path);

        response.StatusCode.ShouldBe(HttpStatusCode.InternalServerError);
        TimeProvider.System.GetElapsedTime(started).ShouldBeInRange(TimeSpan.FromSeconds(9), TimeSpan.FromSeconds(40));
    }

    [Fact]
    public async Task OutputBindings_OfSeveralProperties_AnswerAndKeep()
    {
        (await Http.PostAsync("buy/bolt", null)).StatusCode.ShouldBe(HttpStatusCode.Accepted);

        (await Http.GetStringAsync("kept/bolt")).ShouldBe("""{"Item":"bolt","Count":3}""");
    }

    [OfflineFact]
    public async Task Keys_WhenTurnedOn_NeedTheFunctionsLevel()
    {
        await using ContractApp app = await fixture.StartAsync(
            fixture.NewNames(), ("Host__Keys__Master", "m"), ("Host__Keys__Default", "d"), ("Host__Keys__Functions__Item", "f"));

        (await app.StatusAsync("Ping")).ShouldBe(HttpStatusCode.OK);
        (await app.StatusAsync("items/a/1")).ShouldBe(HttpStatusCode.Unauthorized);
        (await app.StatusAsync("items/a/1", "wrong")).ShouldBe(HttpStatusCode.Unauthorized);
        (await app.StatusAsync("items/a/1", "f")).ShouldBe(HttpStatusCode.OK);
        (await app.StatusAsync("items/a/1", "d")).ShouldBe(HttpStatusCode.OK);
        (await app.StatusAsync("items/a/1?code=m")).ShouldBe(HttpStatusCode.OK);
        (await app.StatusAsync("items/a/1?code=m", "wrong")).ShouldBe(HttpStatusCode.Unauthorized);
        (await app.StatusAsync("Secret", "d")).ShouldBe(HttpStatusCode.Unauthorized);
        (await app.StatusAsync("Secret", "m")).ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task MaxConcurrentRequests_IsNotExceeded_AndTooManyAreRefused()
    {
        await using ContractApp app = await fixture.StartAsync(
            fixture.NewNames(),
            ("AzureFunctionsJobHost__extensions__http__maxConcurrentRequests", "2"), ("AzureFunctionsJobHost__extensions__http__maxOutstandingRequests", "5"));

        HttpStatusCode[] codes = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => app.StatusAsync("Slow?ms=700")));

        codes.Count(c => c == HttpStatusCode.OK).ShouldBe(5);
        codes.Count(c => c == HttpStatusCode.TooManyRequests).ShouldBe(7);
        (await app.Http.GetStringAsync("Slow?ms=1")).ShouldBe("2");
    }

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");

    private static async Task<JsonElement> JsonAsync(HttpResponseMessage response)
    {
        string body = await response.Content.ReadAsStringAsync();
        response.IsSuccessStatusCode.ShouldBeTrue(body);
        return JsonSerializer.Deserialize<JsonElement>(body);
    }
}

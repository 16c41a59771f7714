using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Azure.Functions.Worker.Offline;
using Microsoft.Extensions.Configuration;

namespace ServerlessMlops.Offline.Tests.Worker;

/// <summary>HTTP-triggered functions over a real Kestrel on a port that the system picks.</summary>
public sealed class HttpFunctionTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("functions").FullName;
    private readonly HttpClient _client = new();
    private StartingHost? _host;

    public Task InitializeAsync()
    {
        File.WriteAllText(Path.Combine(_folder, "host.json"), """{ "version": "2.0", "extensions": { "http": { "routePrefix": "" } } }""");
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        if (_host is not null)
        {
            await _host.DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Get_WithRouteValues_BindsThemByNameAndType()
    {
        await StartAsync();

        (await _client.GetStringAsync("items/abc/7")).ShouldBe("""{"name":"abc","number":7,"sameRequest":true}""");
        (await _client.GetAsync("items/abc/x")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await _client.PostAsync("items/abc/7", null)).StatusCode.ShouldBe(HttpStatusCode.MethodNotAllowed);
    }

    [Fact]
    public async Task Post_ToAFunctionThatReturnsAResult_WritesIt()
    {
        await StartAsync();

        var response = await _client.PostAsync("Echo", new StringContent("hello"));

        response.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        (await response.Content.ReadAsStringAsync()).ShouldBe("\"hello\"");
    }

    [Fact]
    public async Task Get_WithKeysOn_NeedsOneOfTheFunctionsLevel()
    {
        await StartAsync(("Host:Keys:Master", "m"), ("Host:Keys:Default", "d"), ("Host:Keys:Functions:Item", "f"));

        (await StatusAsync("items/a/1", null)).ShouldBe(HttpStatusCode.Unauthorized);
        (await StatusAsync("items/a/1", "wrong")).ShouldBe(HttpStatusCode.Unauthorized);
        (await StatusAsync("items/a/1", "f")).ShouldBe(HttpStatusCode.OK);
        (await StatusAsync("items/a/1", "d")).ShouldBe(HttpStatusCode.OK);
        (await StatusAsync("items/a/1?code=m", null)).ShouldBe(HttpStatusCode.OK);
        (await StatusAsync("secret", "d")).ShouldBe(HttpStatusCode.Unauthorized);
        (await StatusAsync("secret", "m")).ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Start_OnATakenPort_SaysSo()
    {
        await StartAsync();
        using var second = Build(_host!.Address.Port);

        var fault = await Should.ThrowAsync<InvalidOperationException>(() => second.StartAsync());

        fault.Message.ShouldContain($"127.0.0.1:{_host.Address.Port}");
        fault.Message.ShouldContain("--port");
    }

    private async Task<HttpStatusCode> StatusAsync(string path, string? key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (key is not null)
        {
            request.Headers.Add("x-functions-key", key);
        }

        return (await _client.SendAsync(request)).StatusCode;
    }

    private async Task StartAsync(params (string Name, string Value)[] settings)
    {
        _host = Build(0, settings);
        await _host.StartAsync();
        _client.BaseAddress = _host.Address;
    }

    private StartingHost Build(int port, params (string Name, string Value)[] settings)
    {
        var builder = FunctionsApplication.CreateBuilder(["--port", $"{port}"], _folder, [typeof(Functions)]);
        builder.ConfigureFunctionsWebApplication();
        builder.Configuration.AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Name, (string?)s.Value)));
        return (StartingHost)builder.Build();
    }

    internal sealed class Functions
    {
        [Function("Item")]
        public async Task<IActionResult> Item(
            [HttpTrigger(AuthorizationLevel.Function, "get", Route = "items/{name}/{number:int}")] HttpRequest request, string name, int number, FunctionContext context)
        {
            await Task.Yield();
            return new ContentResult
            {
                Content = JsonSerializer.Serialize(new { name, number, sameRequest = context.GetHttpContext() == request.HttpContext }),
                ContentType = "application/json",
            };
        }

        [Function("Echo")]
        public static async Task<IResult> Echo([HttpTrigger(AuthorizationLevel.Anonymous, "post")] HttpRequest request, CancellationToken cancellation)
        {
            using var reader = new StreamReader(request.Body);
            return Results.Json(await reader.ReadToEndAsync(cancellation), statusCode: 202);
        }

        [Function("Secret")]
        public IActionResult Secret([HttpTrigger(AuthorizationLevel.Admin, "get", Route = "secret")] HttpRequest request) => new OkResult();
    }
}

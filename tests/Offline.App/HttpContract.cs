using System.Globalization;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Http;
using Microsoft.Extensions.Logging;
using FromBodyAttribute = Microsoft.Azure.Functions.Worker.Http.FromBodyAttribute;

namespace ServerlessMlops.Offline.App;

public sealed record Order(string Item, int Count);

/// <summary>A result with an HTTP response and a blob.</summary>
public sealed class Receipt
{
    [HttpResult]
    public IActionResult Answer { get; init; } = new OkResult();

    [BlobOutput("%OUT%/receipts/{name}.json")]
    public Order? Kept { get; init; }
}

/// <summary>HTTP functions: routes, levels, kinds of requests and results.</summary>
public sealed class HttpContract(Scoped scoped, ILogger<HttpContract> logger)
{
    private static int _running;
    private static int _most;

    [Function("Ping")]
    public static IActionResult Ping([HttpTrigger(AuthorizationLevel.Anonymous, "get")] HttpRequest request) => new OkObjectResult("pong");

    [Function("Item")]
    public IActionResult Item(
        [HttpTrigger(AuthorizationLevel.Function, "get", "put", Route = "items/{name:alpha}/{number:int?}")] HttpRequest request,
        string name, int? number, FunctionContext context, CancellationToken cancellation)
    {
        logger.LogDebug("Item {Name}", name);
        return new JsonResult(new
        {
            name,
            number,
            method = request.Method,
            function = context.FunctionDefinition.Name,
            entry = context.FunctionDefinition.EntryPoint,
            same = ReferenceEquals(context.GetHttpContext(), request.HttpContext),
            bound = context.BindingContext.BindingData["name"],
            cancellable = cancellation.CanBeCanceled,
            invocation = context.InvocationId,
            scope = scoped.Number,
        });
    }

    [Function("Scopes")]
    public static IActionResult Scopes([HttpTrigger(AuthorizationLevel.Anonymous, "get")] HttpRequest request) => new OkObjectResult(Scoped.Disposed);

    [Function("Secret")]
    public static IActionResult Secret([HttpTrigger(AuthorizationLevel.Admin, "get")] HttpRequest request) => new OkResult();

    [Function("Body")]
    public static IActionResult Body([HttpTrigger(AuthorizationLevel.Anonymous, "post")] HttpRequest request, [FromBody] Order order) =>
        new OkObjectResult($"{order.Count} {order.Item}");

    [Function("Echo")]
    public static async Task<IResult> Echo([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "deep/echo")] HttpRequest request, CancellationToken cancellation)
    {
        using var reader = new StreamReader(request.Body);
        return Results.Text(await reader.ReadToEndAsync(cancellation), "text/x-echo", statusCode: 202);
    }

    [Function("Classic")]
    public static async Task<HttpResponseData> Classic([HttpTrigger(AuthorizationLevel.Anonymous, "post")] HttpRequestData request)
    {
        Order? order = await request.ReadFromJsonAsync<Order>();
        HttpResponseData response = request.CreateResponse(HttpStatusCode.Created);
        response.Headers.Add("X-Seen", request.Headers.GetValues("X-Give"));
        response.Headers.Add("X-Query", request.Query["q"]);
        response.Cookies.Append("crumb", "1");
        await response.WriteAsJsonAsync(order! with { Count = order.Count + 1 });
        return response;
    }

    [Function("Bare")]
    public static Order Bare([HttpTrigger(AuthorizationLevel.Anonymous, "get")] HttpRequest request) => new("unwritten", 1);

    [Function("Fails")]
    public static IActionResult Fails([HttpTrigger(AuthorizationLevel.Anonymous, "get")] HttpRequest request) => throw new InvalidOperationException("secret detail");

    [Function("Middle")]
    public static IActionResult Middle([HttpTrigger(AuthorizationLevel.Anonymous, "get")] HttpRequest request, FunctionContext context) => request.Query.ContainsKey("fail")
        ? throw new NotSupportedException("not here")
        : new OkObjectResult($"{context.Items["trail"]},{context.Features.Get<Inner>() is not null}");

    [Function("Slow")]
    public static async Task<IActionResult> Slow([HttpTrigger(AuthorizationLevel.Anonymous, "get")] HttpRequest request, CancellationToken cancellation)
    {
        int milliseconds = int.Parse(request.Query["ms"]!, CultureInfo.InvariantCulture);
        int now = Interlocked.Increment(ref _running);
        try
        {
            InterlockedMax(ref _most, now);
            await Task.Delay(TimeSpan.FromMilliseconds(milliseconds), TimeProvider.System, request.Query.ContainsKey("deaf") ? CancellationToken.None : cancellation);
            return new OkObjectResult(Volatile.Read(ref _most));
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }
    }

    [Function("Buy")]
    public static Receipt Buy([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "buy/{name}")] HttpRequest request, string name) =>
        new() { Answer = new AcceptedResult(), Kept = new Order(name, 3) };

    [Function("Kept")]
    public static IActionResult Kept(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "kept/{name}")] HttpRequest request, [BlobInput("%OUT%/receipts/{name}.json")] Order order) =>
        new OkObjectResult(JsonSerializer.Serialize(order));

    internal static void InterlockedMax(ref int target, int value)
    {
        int seen;
        while ((seen = Volatile.Read(ref target)) < value && Interlocked.CompareExchange(ref target, value, seen) != seen)
        {
        }
    }
}

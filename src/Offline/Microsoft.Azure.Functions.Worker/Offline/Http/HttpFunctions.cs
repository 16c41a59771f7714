using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Abstractions;
using Microsoft.AspNetCore.Routing;
using Microsoft.Azure.Functions.Worker.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Offline.Http;

/// <summary>Serves HTTP-triggered functions as ASP.NET Core endpoints.</summary>
internal sealed partial class HttpFunctions(FunctionInvoker invoker, HostJson hostJson, IConfiguration settings, TimeProvider time, ILogger<HttpFunctions> logger)
{
    private readonly HttpKeys? _keys = HttpKeys.From(settings);
    private readonly HttpThrottle? _throttle = HttpThrottle.Of(hostJson);

    /// <summary>Adds the function's endpoint: <c>{routePrefix}/{Route ?? name}</c>, all methods where none is named.</summary>
    public void Map(IEndpointRouteBuilder endpoints, OfflineFunction function)
    {
        var trigger = (HttpTriggerAttribute)function.TriggerAttribute;
        Type type = function.TriggerParameter.ParameterType;
        if (type != typeof(HttpRequest) && type != typeof(HttpRequestData))
        {
            throw new ArgumentException($"its HTTP trigger binds a {type.Name}; expected {nameof(HttpRequest)} or {nameof(HttpRequestData)}.");
        }

        string route = $"/{hostJson.RoutePrefix}/{(trigger.Route ?? function.Name).TrimStart('/')}".Replace("//", "/", StringComparison.Ordinal);
        bool own = type == typeof(HttpRequestData);
        RequestDelegate serve = hostJson.FunctionTimeout is { } timeout
            ? http => ServeAsync(function, http, own, timeout)
            : http => ServeAsync(function, http, own, null);
        if (_throttle is { } throttle)
        {
            RequestDelegate free = serve;
            serve = http => throttle.RunAsync(http, free);
        }

        if (_keys is { } keys && trigger.AuthLevel != AuthorizationLevel.Anonymous)
        {
            RequestDelegate open = serve;
            serve = http =>
            {
                if (keys.Allow(http.Request, function.Name, trigger.AuthLevel))
                {
                    return open(http);
                }

                http.Response.StatusCode = StatusCodes.Status401Unauthorized;
                return Task.CompletedTask;
            };
        }

        if (trigger.Methods is { Length: > 0 } methods)
        {
            endpoints.MapMethods(route, methods, serve);
        }
        else
        {
            endpoints.Map(route, serve);
        }
    }

    private Task ServeAsync(OfflineFunction function, HttpContext http, bool own, TimeSpan? timeout)
    {
        if (timeout is { } limit)
        {
            return ServeInTimeAsync(function, http, own, limit);
        }

        ValueTask<object?> invocation = invoker.InvokeAsync(Context(function, http, own, null));
        return invocation.IsCompletedSuccessfully ? WriteAsync(invocation.Result, http) : AwaitAsync(invocation, http);

        static async Task AwaitAsync(ValueTask<object?> invocation, HttpContext http) => await WriteAsync(await invocation, http);
    }

    /// <summary>
    /// When the time is up the token is cancelled and the client is answered 500 at once; the function is waited for all the same, since the request is in its hands
    /// (Azure restarts the process).
    /// </summary>
    private async Task ServeInTimeAsync(OfflineFunction function, HttpContext http, bool own, TimeSpan timeout)
    {
        using RequestTime request = RequestTime.Take(http, timeout, time);
        ValueTask<object?> invocation = invoker.InvokeAsync(Context(function, http, own, request));
        if (invocation.IsCompletedSuccessfully)
        {
            await WriteAsync(invocation.Result, http);
            return;
        }

        request.Arm();
        await using CancellationTokenRegistration answer = request.Limit.UnsafeRegister(static state => _ = GiveUpAsync((HttpContext)state!), http);
        Exception? failure = null;
        try
        {
            object? result = await invocation;
            if (!request.IsUp)
            {
                await WriteAsync(result, http);
            }
        }
        catch (Exception e) when (request.IsUp)
        {
            failure = e;
        }

        if (request.IsUp)
        {
            LogTimedOut(logger, function.Name, timeout, failure);
            if (!http.Response.HasStarted)
            {
                // The function heard of it before the answer below could be given.
                http.Response.StatusCode = StatusCodes.Status500InternalServerError;
            }
        }
    }

    private static async Task GiveUpAsync(HttpContext http)
    {
        if (http.Response.HasStarted)
        {
            http.Abort();
            return;
        }

        http.Response.StatusCode = StatusCodes.Status500InternalServerError;
        await http.Response.CompleteAsync();
    }

    // The request's own scope of services, which ASP.NET Core makes when it is first asked for and ends with the request.
    private static OfflineFunctionContext Context(OfflineFunction function, HttpContext http, bool own, RequestTime? time)
    {
        var context = new OfflineFunctionContext(function, own ? null : http.Request, http.Request.RouteValues, services: null, cancellation: default) { Http = http, Time = time };
        if (own)
        {
            context.TriggerValue = new AspNetCoreRequestData(http.Request, context);
        }

        return context;
    }

    private static Task WriteAsync(object? result, HttpContext http) => result switch
    {
        EmptyResult => Task.CompletedTask, // the function has answered itself
        IResult direct => direct.ExecuteAsync(http),
        IActionResult action => action.ExecuteResultAsync(new ActionContext(http, http.GetRouteData(), new ActionDescriptor())),
        _ => Task.CompletedTask, // HttpResponseData has written itself; a bare value is not written
    };

    [LoggerMessage(41, LogLevel.Error, "{Function} took longer than {Timeout} (functionTimeout); its request was answered 500")]
    private static partial void LogTimedOut(ILogger logger, string function, TimeSpan timeout, Exception? exception);
}

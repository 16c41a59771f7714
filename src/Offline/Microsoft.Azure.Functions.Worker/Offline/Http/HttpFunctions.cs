using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Abstractions;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;

namespace Microsoft.Azure.Functions.Worker.Offline.Http;

/// <summary>Serves HTTP-triggered functions as ASP.NET Core endpoints.</summary>
internal sealed class HttpFunctions(FunctionInvoker invoker, IConfiguration hostJson, IConfiguration settings)
{
    private readonly string _prefix = (hostJson["extensions:http:routePrefix"] ?? "api").Trim('/');
    private readonly HttpKeys? _keys = HttpKeys.From(settings);

    /// <summary>Adds the function's endpoint: <c>{routePrefix}/{Route ?? name}</c>, all methods where none is named.</summary>
    public void Map(IEndpointRouteBuilder endpoints, OfflineFunction function)
    {
        var trigger = (HttpTriggerAttribute)function.TriggerAttribute;
        if (function.TriggerParameter.ParameterType != typeof(HttpRequest))
        {
            throw new ArgumentException($"its HTTP trigger binds a {function.TriggerParameter.ParameterType.Name}; this runtime binds HttpRequest.");
        }

        string route = $"/{_prefix}/{(trigger.Route ?? function.Name).TrimStart('/')}".Replace("//", "/", StringComparison.Ordinal);
        RequestDelegate serve = context => ServeAsync(function, context);
        if (_keys is { } keys && trigger.AuthLevel != AuthorizationLevel.Anonymous)
        {
            RequestDelegate open = serve;
            serve = context =>
            {
                if (keys.Allow(context.Request, function.Name, trigger.AuthLevel))
                {
                    return open(context);
                }

                context.Response.StatusCode = StatusCodes.Status401Unauthorized;
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

    private async Task ServeAsync(OfflineFunction function, HttpContext http)
    {
        // The request's own scope of services, which ASP.NET Core makes when it is first asked for and ends with the request.
        var context = new OfflineFunctionContext(function, http.Request, http.Request.RouteValues, () => http.RequestServices, http.RequestAborted) { Http = http };
        object? result = await invoker.InvokeAsync(context);
        switch (result)
        {
            case IResult direct:
                await direct.ExecuteAsync(http);
                break;
            case IActionResult action:
                await action.ExecuteResultAsync(new ActionContext(http, http.GetRouteData(), new ActionDescriptor()));
                break;
        }
    }
}

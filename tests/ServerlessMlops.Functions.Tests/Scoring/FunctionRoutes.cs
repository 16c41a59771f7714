using System.Globalization;
using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Abstractions;
using Microsoft.AspNetCore.Routing;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.DependencyInjection;

namespace ServerlessMlops.Functions.Tests.Scoring;

/// <summary>Serves a class of HTTP functions at the routes that it declares, without the rest of the app.</summary>
internal static class FunctionRoutes
{
    public static void MapFunctions<T>(this WebApplication app)
        where T : class
    {
        T functions = ActivatorUtilities.CreateInstance<T>(app.Services);
        foreach (MethodInfo method in typeof(T).GetMethods())
        {
            if (method.GetParameters().Select(p => p.GetCustomAttribute<HttpTriggerAttribute>()).FirstOrDefault(t => t is not null) is { } trigger)
            {
                app.MapMethods("/" + trigger.Route, trigger.Methods!, http => AnswerAsync(http, functions, method));
            }
        }
    }

    private static async Task AnswerAsync(HttpContext http, object functions, MethodInfo method)
    {
        object?[] arguments = [.. method.GetParameters().Select(p =>
            p.ParameterType == typeof(HttpRequest) ? http.Request
            : p.ParameterType == typeof(CancellationToken) ? http.RequestAborted
            : Convert.ChangeType(http.Request.RouteValues[p.Name!], p.ParameterType, CultureInfo.InvariantCulture))];
        object? result = method.Invoke(functions, arguments);
        IActionResult answer = result is Task<IActionResult> answering ? await answering : (IActionResult)result!;
        await answer.ExecuteResultAsync(new ActionContext(http, new RouteData(), new ActionDescriptor()));
    }
}

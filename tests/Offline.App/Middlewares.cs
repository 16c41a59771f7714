using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;

namespace ServerlessMlops.Offline.App;

/// <summary>Around every function: leaves a mark, and turns one kind of exception into a response.</summary>
public sealed class Outer : IFunctionsWorkerMiddleware
{
    public async Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
    {
        context.Items["trail"] = "outer";
        try
        {
            await next(context);
        }
        catch (NotSupportedException e) when (context.GetHttpContext() is { } http)
        {
            http.Response.StatusCode = 501;
            await http.Response.WriteAsync(e.Message);
        }
    }
}

/// <summary>Inside it, around some.</summary>
public sealed class Inner : IFunctionsWorkerMiddleware
{
    public Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
    {
        context.Items["trail"] += ",inner";
        context.Features.Set(this);
        return next(context);
    }
}

using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker.Offline;

namespace Microsoft.Azure.Functions.Worker;

public static class FunctionContextExtensions
{
    /// <summary>The request of the invocation; null where no HTTP trigger caused it.</summary>
    public static HttpContext? GetHttpContext(this FunctionContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Items.TryGetValue(OfflineFunctionContext.HttpContextKey, out object? http) ? http as HttpContext : null;
    }
}

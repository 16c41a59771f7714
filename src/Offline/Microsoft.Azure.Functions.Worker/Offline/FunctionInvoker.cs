using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.Azure.Functions.Worker.Offline;

/// <summary>The middleware an app has registered, outermost first.</summary>
internal sealed class MiddlewareList : List<Func<FunctionExecutionDelegate, FunctionExecutionDelegate>>;

/// <summary>
/// Calls functions. Nothing here leaves the caller's thread before the function's own code does, because orchestrators are called on a
/// thread of their own.
/// </summary>
internal sealed class FunctionInvoker : IOfflineFunctionInvoker
{
    private readonly IServiceScopeFactory _scopes;
    private readonly IOfflineParameterBinder[] _binders;
    private readonly OutputBindings? _outputs;
    private readonly FunctionExecutionDelegate? _pipeline;
    private readonly ConcurrentDictionary<OfflineFunction, Plan> _plans = new();

    public FunctionInvoker(IServiceScopeFactory scopes, IEnumerable<IOfflineParameterBinder> binders, MiddlewareList middleware, OutputBindings? outputs = null)
    {
        _scopes = scopes;
        _binders = [new InputConverterBinder(), .. binders];
        _outputs = outputs;
        if (middleware.Count > 0)
        {
            FunctionExecutionDelegate next = context => ExecuteAsync((OfflineFunctionContext)context).AsTask();
            for (int i = middleware.Count - 1; i >= 0; i--)
            {
                next = middleware[i](next);
            }

            _pipeline = next;
        }
    }

    public Task<object?> InvokeAsync(
        OfflineFunction function,
        object? triggerValue,
        IReadOnlyDictionary<string, object?> bindingData,
        CancellationToken cancellation,
        string? traceParent = null) =>
        InvokeAsync(function, triggerValue, bindingData, null, cancellation, traceParent);

    /// <summary>As above, telling the function which try it is.</summary>
    public async Task<object?> InvokeAsync(
        OfflineFunction function,
        object? triggerValue,
        IReadOnlyDictionary<string, object?> bindingData,
        RetryContext? retry,
        CancellationToken cancellation,
        string? traceParent = null)
    {
        AsyncServiceScope? scope = null;
        var context = new OfflineFunctionContext(
            function, triggerValue, bindingData, () => (scope ??= _scopes.CreateAsyncScope()).ServiceProvider, cancellation, retry)
        {
            CallerTraceParent = traceParent,
        };
        try
        {
            return await InvokeAsync(context);
        }
        finally
        {
            if (scope is { } used)
            {
                await used.DisposeAsync();
            }
        }
    }

    /// <summary>As above, on a context whose services live as long as the caller sees to.</summary>
    public async ValueTask<object?> InvokeAsync(OfflineFunctionContext context)
    {
        using Activity? span = InvocationSpans.Start(context);
        try
        {
            return await RunAsync(context);
        }
        catch (Exception failure) when (span is not null)
        {
            span.SetStatus(ActivityStatusCode.Error).AddException(failure);
            throw;
        }
    }

    private async ValueTask<object?> RunAsync(OfflineFunctionContext context)
    {
        if (_pipeline is null)
        {
            await ExecuteAsync(context);
        }
        else
        {
            await _pipeline(context);
        }

        return context.Result;
    }

    /// <summary>Finds faults of a function's parameters before it is first called.</summary>
    public string? FindFault(OfflineFunction function)
    {
        try
        {
            PlanOf(function);
            return null;
        }
        catch (InvalidOperationException e)
        {
            return e.Message;
        }
    }

    private Plan PlanOf(OfflineFunction function) =>
        _plans.TryGetValue(function, out Plan? plan) ? plan : _plans.GetOrAdd(function, f => new Plan(f, _binders, _outputs));

    private async ValueTask ExecuteAsync(OfflineFunctionContext context)
    {
        Plan plan = PlanOf(context.Function);
        object?[] arguments = new object?[plan.Sources.Length];
        for (int i = 0; i < arguments.Length; i++)
        {
            arguments[i] = plan.Sources[i] is { } source
                ? source(context)
                : await plan.Binders[i]!.BindAsync(context.Function.Parameters[i], context, context.CancellationToken);
        }

        object? instance = plan.Factory?.Invoke(context.InstanceServices, null);
        try
        {
            object? result = await plan.AwaitResult(context.Function.Call(instance, arguments));
            context.Result = plan.Outputs is null ? result : await plan.Outputs(result, context);
        }
        finally
        {
            if (instance is IAsyncDisposable asyncDisposable)
            {
                await asyncDisposable.DisposeAsync();
            }
            else if (instance is IDisposable disposable)
            {
                disposable.Dispose();
            }
        }
    }

    /// <summary>How one function is called, worked out once.</summary>
    private sealed class Plan
    {
        public Plan(OfflineFunction function, IOfflineParameterBinder[] binders, OutputBindings? outputs)
        {
            Sources = new Func<OfflineFunctionContext, object?>?[function.Parameters.Length];
            Binders = new IOfflineParameterBinder?[function.Parameters.Length];
            for (int i = 0; i < Sources.Length; i++)
            {
                ParameterInfo parameter = function.Parameters[i];
                if (parameter.Position == function.TriggerParameter.Position)
                {
                    Sources[i] = static context => context.TriggerValue;
                }
                else if (parameter.ParameterType == typeof(FunctionContext))
                {
                    Sources[i] = static context => context;
                }
                else if (parameter.ParameterType == typeof(CancellationToken))
                {
                    Sources[i] = static context => context.CancellationToken;
                }
                else if (binders.FirstOrDefault(b => b.CanBind(parameter)) is { } binder)
                {
                    Binders[i] = binder;
                }
                else if (BindingDataConverter.For(parameter) is { } convert)
                {
                    Sources[i] = convert;
                }
                else
                {
                    throw new InvalidOperationException(
                        $"Function '{function.Name}': nothing binds parameter '{parameter.Name}' of type {parameter.ParameterType.Name}.");
                }
            }

            Factory = function.Method.IsStatic ? null : ActivatorUtilities.CreateFactory(function.Method.DeclaringType!, []);
            AwaitResult = ResultAwaiter.For(function.Method.ReturnType);
            Outputs = outputs?.For(function);
        }

        public Func<OfflineFunctionContext, object?>?[] Sources { get; }

        public IOfflineParameterBinder?[] Binders { get; }

        public ObjectFactory? Factory { get; }

        public Func<object?, ValueTask<object?>> AwaitResult { get; }

        /// <summary>Carries out output bindings and gives what is left for the trigger; null where there are none.</summary>
        public Func<object?, OfflineFunctionContext, ValueTask<object?>>? Outputs { get; }
    }

    /// <summary>Parameters that take their value from the trigger's data by name: route values, path tokens.</summary>
    private static class BindingDataConverter
    {
        public static Func<OfflineFunctionContext, object?>? For(ParameterInfo parameter)
        {
            Type type = Nullable.GetUnderlyingType(parameter.ParameterType) ?? parameter.ParameterType;
            if (type != typeof(string) && !typeof(IConvertible).IsAssignableFrom(type) && type != typeof(Guid) && type != typeof(Uri))
            {
                return null;
            }

            string name = parameter.Name!;
            object? fallback = parameter.HasDefaultValue ? parameter.DefaultValue : type.IsValueType && type == parameter.ParameterType ? Activator.CreateInstance(type) : null;
            return context => context.BindingContext.BindingData.TryGetValue(name, out object? value) && value is not null ? Convert(value, type) : fallback;
        }

        private static object Convert(object value, Type type) => value switch
        {
            _ when type.IsInstanceOfType(value) => value,
            string text when type == typeof(Guid) => Guid.Parse(text),
            string text when type == typeof(Uri) => new Uri(text.Trim('"'), UriKind.RelativeOrAbsolute),
            string text when type.IsEnum => Enum.Parse(type, text, ignoreCase: true),
            _ => System.Convert.ChangeType(value, type, CultureInfo.InvariantCulture),
        };
    }
}

/// <summary>Awaits whatever a function returns: a value, Task, Task of T, ValueTask, ValueTask of T.</summary>
internal static class ResultAwaiter
{
    public static Func<object?, ValueTask<object?>> For(Type type)
    {
        if (type == typeof(Task))
        {
            return static async result =>
            {
                await (Task)result!;
                return null;
            };
        }

        if (type == typeof(ValueTask))
        {
            return static async result =>
            {
                await (ValueTask)result!;
                return null;
            };
        }

        Type? generic = type.IsGenericType ? type.GetGenericTypeDefinition() : null;
        string? method = generic == typeof(Task<>) ? nameof(OfTask) : generic == typeof(ValueTask<>) ? nameof(OfValueTask) : null;
        return method is null
            ? static result => ValueTask.FromResult(result)
            : typeof(ResultAwaiter).GetMethod(method, BindingFlags.NonPublic | BindingFlags.Static)!
                .MakeGenericMethod(type.GetGenericArguments()).CreateDelegate<Func<object?, ValueTask<object?>>>();
    }

    private static async ValueTask<object?> OfTask<T>(object? result) => await (Task<T>)result!;

    private static async ValueTask<object?> OfValueTask<T>(object? result) => await (ValueTask<T>)result!;
}

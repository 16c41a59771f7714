using System.Reflection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.Azure.Functions.Worker.Offline;

/// <summary>What an extension package's double brings: services, among them trigger listeners and parameter binders.</summary>
internal interface IOfflineExtension
{
    void Configure(IServiceCollection services, IConfiguration hostJson);
}

/// <summary>How an extension's assembly names its <see cref="IOfflineExtension"/>.</summary>
[AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
internal sealed class OfflineExtensionAttribute(Type extensionType) : Attribute
{
    public Type ExtensionType { get; } = extensionType;
}

/// <summary>Runs the functions of one kind of trigger.</summary>
internal interface IOfflineTriggerListener
{
    bool CanHandle(OfflineFunction function);

    void Register(OfflineFunction function);

    /// <summary>Begins to listen; returns once it does.</summary>
    Task StartAsync(CancellationToken cancellation);

    /// <summary>Stops taking work and waits for what runs, until <paramref name="drain"/> is cancelled.</summary>
    Task StopAsync(CancellationToken drain);
}

/// <summary>Gives a parameter that is not the trigger its value.</summary>
internal interface IOfflineParameterBinder
{
    bool CanBind(ParameterInfo parameter);

    ValueTask<object?> BindAsync(ParameterInfo parameter, FunctionContext context, CancellationToken cancellation);
}

/// <summary>Calls functions: builds the context, runs the middleware, binds parameters, calls the method and awaits it.</summary>
internal interface IOfflineFunctionInvoker
{
    /// <param name="function">What to call.</param>
    /// <param name="triggerValue">The trigger parameter's value, already of its type.</param>
    /// <param name="bindingData">Values by name for the other parameters, such as route values and blob path tokens.</param>
    /// <param name="cancellation">Given to the function; cancelled when its time is up or the app stops.</param>
    /// <param name="traceParent">W3C trace parent of what asked for the call, if that is not the current span: an orchestration, for its activities.</param>
    Task<object?> InvokeAsync(
        OfflineFunction function,
        object? triggerValue,
        IReadOnlyDictionary<string, object?> bindingData,
        CancellationToken cancellation,
        string? traceParent = null);
}

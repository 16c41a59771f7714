using System.Reflection;
using Microsoft.Azure.Functions.Worker.Offline;
using Microsoft.DurableTask.Client;

namespace Microsoft.Azure.Functions.Worker.Extensions.DurableTask;

/// <summary>Binds <c>[DurableClient] DurableTaskClient</c>.</summary>
internal sealed class DurableClientBinder(DurableTaskHub hub) : IOfflineParameterBinder
{
    public bool CanBind(ParameterInfo parameter)
    {
        if (parameter.GetCustomAttribute<DurableClientAttribute>() is not { } attribute)
        {
            return false;
        }

        if (parameter.ParameterType != typeof(DurableTaskClient))
        {
            throw new InvalidOperationException(
                $"[DurableClient] is on parameter '{parameter.Name}' of type {parameter.ParameterType.Name}; expected {nameof(DurableTaskClient)}.");
        }

        return attribute.TaskHub is null || string.Equals(attribute.TaskHub, hub.Options.HubName, StringComparison.OrdinalIgnoreCase)
            ? true
            : throw new InvalidOperationException(
                $"[DurableClient] on parameter '{parameter.Name}' names the task hub '{attribute.TaskHub}'; the local runtime has only '{hub.Options.HubName}' (host.json).");
    }

    public ValueTask<object?> BindAsync(ParameterInfo parameter, FunctionContext context, CancellationToken cancellation) => new(hub.Client);
}

/// <summary>Binds an orchestrator's input: its first parameter that nothing else binds.</summary>
internal sealed class OrchestrationInputBinder(DurableTaskHub hub) : IOfflineParameterBinder
{
    public bool CanBind(ParameterInfo parameter)
    {
        var parameters = ((MethodInfo)parameter.Member).GetParameters();
        return Array.Exists(parameters, other => other.IsDefined(typeof(OrchestrationTriggerAttribute)))
            && Array.Find(parameters, IsCandidate) == parameter;
    }

    public ValueTask<object?> BindAsync(ParameterInfo parameter, FunctionContext context, CancellationToken cancellation)
    {
        var input = context.BindingContext.BindingData.GetValueOrDefault(DurableTaskListener.OrchestrationInput) as string;
        var value = hub.Converter.Deserialize(input, parameter.ParameterType);
        return new(value ?? (parameter.ParameterType.IsValueType ? Activator.CreateInstance(parameter.ParameterType) : null));
    }

    private static bool IsCandidate(ParameterInfo parameter) =>
        parameter.ParameterType != typeof(FunctionContext)
        && parameter.ParameterType != typeof(CancellationToken)
        && !parameter.GetCustomAttributes().Any(attribute => attribute is Abstractions.BindingAttribute);
}

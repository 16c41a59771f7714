using Microsoft.Azure.Functions.Worker.Offline;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Engine;

namespace Microsoft.Azure.Functions.Worker.Extensions.DurableTask;

/// <summary>Registers orchestrators and activities with the engine, and starts and stops it with the app.</summary>
internal sealed class DurableTaskListener(DurableTaskHub hub, IOfflineFunctionInvoker invoker, TimeProvider time) : IOfflineTriggerListener
{
    /// <summary>Binding data under which an orchestrator's serialized input travels to its second parameter.</summary>
    public const string OrchestrationInput = "__orchestrationInput__";

    public bool CanHandle(OfflineFunction function) => function.TriggerAttribute is OrchestrationTriggerAttribute or ActivityTriggerAttribute;

    public void Register(OfflineFunction function)
    {
        if (function.TriggerAttribute is OrchestrationTriggerAttribute orchestration)
        {
            if (function.TriggerParameter.ParameterType != typeof(TaskOrchestrationContext))
            {
                throw new InvalidOperationException(
                    $"[OrchestrationTrigger] is on a parameter of type {function.TriggerParameter.ParameterType.Name}; expected {nameof(TaskOrchestrationContext)}.");
            }

            hub.Functions.AddOrchestrator(
                orchestration.Orchestration ?? function.Name,
                context => invoker.InvokeAsync(
                    function,
                    context,
                    new Dictionary<string, object?> { ["instanceId"] = context.InstanceId, [OrchestrationInput] = context.SerializedInput },
                    CancellationToken.None));
        }
        else
        {
            var activity = (ActivityTriggerAttribute)function.TriggerAttribute;
            hub.Functions.AddActivity(activity.Activity ?? function.Name, (invocation, cancellation) => RunActivityAsync(function, invocation, cancellation));
        }
    }

    public Task StartAsync(CancellationToken cancellation) => hub.Engine.StartAsync(cancellation);

    public Task StopAsync(CancellationToken drain) => hub.Engine.StopAsync(drain);

    private async Task<string?> RunActivityAsync(OfflineFunction function, ActivityInvocation invocation, CancellationToken cancellation)
    {
        var type = function.TriggerParameter.ParameterType;
        var input = hub.Converter.Deserialize(invocation.SerializedInput, type) ?? (type.IsValueType ? Activator.CreateInstance(type) : null);
        var bindingData = new Dictionary<string, object?> { ["instanceId"] = invocation.InstanceId };
        if (hub.Options.FunctionTimeout is not { } timeout)
        {
            return hub.Converter.Serialize(await invoker.InvokeAsync(function, input, bindingData, cancellation, invocation.TraceParent));
        }

        using var limit = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            // A function that ignores its token is not waited for: the orchestration learns of the timeout when it happens.
            return hub.Converter.Serialize(await invoker.InvokeAsync(function, input, bindingData, either.Token, invocation.TraceParent).WaitAsync(either.Token));
        }
        catch (OperationCanceledException exception) when (limit.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"Timeout value of {timeout} exceeded by function: {function.Name}.", exception);
        }
    }
}

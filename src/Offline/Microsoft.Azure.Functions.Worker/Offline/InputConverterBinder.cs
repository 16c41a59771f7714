using System.Collections.Concurrent;
using System.Reflection;
using Microsoft.Azure.Functions.Worker.Converters;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.Azure.Functions.Worker.Offline;

/// <summary>Binds parameters that name an <see cref="IInputConverter"/>, the request's body among them.</summary>
internal sealed class InputConverterBinder : IOfflineParameterBinder
{
    private readonly ConcurrentDictionary<ParameterInfo, ObjectFactory> _factories = new();

    public bool CanBind(ParameterInfo parameter) => parameter.GetCustomAttribute<InputConverterAttribute>() is not null;

    public async ValueTask<object?> BindAsync(ParameterInfo parameter, FunctionContext context, CancellationToken cancellation)
    {
        ObjectFactory factory = _factories.GetOrAdd(
            parameter, p => ActivatorUtilities.CreateFactory(p.GetCustomAttribute<InputConverterAttribute>()!.ConverterType, []));
        var converter = (IInputConverter)factory(context.InstanceServices, null);
        context.BindingContext.BindingData.TryGetValue(parameter.Name!, out object? source);
        ConversionResult result = await converter.ConvertAsync(new Context(parameter.ParameterType, source, context));
        return result.Status switch
        {
            ConversionStatus.Succeeded => result.Value,
            ConversionStatus.Failed => throw new InvalidOperationException($"Parameter '{parameter.Name}' cannot be bound: {result.Error!.Message}", result.Error),
            _ => throw new InvalidOperationException($"Parameter '{parameter.Name}' cannot be bound: {converter.GetType().Name} does not handle {parameter.ParameterType.Name}."),
        };
    }

    private sealed class Context(Type type, object? source, FunctionContext function) : ConverterContext
    {
        public override Type TargetType => type;

        public override object? Source => source;

        public override FunctionContext FunctionContext => function;

        public override IReadOnlyDictionary<string, object> Properties { get; } = new Dictionary<string, object>();
    }
}

using System.Collections;
using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker.Offline.Http;

namespace Microsoft.Azure.Functions.Worker.Offline;

/// <summary>The context of one invocation; its scope of services is made when somebody asks.</summary>
internal sealed class OfflineFunctionContext(
    OfflineFunction function,
    object? triggerValue,
    IReadOnlyDictionary<string, object?> bindingData,
    Func<IServiceProvider>? services,
    CancellationToken cancellation,
    RetryContext? retry = null) : FunctionContext
{
    internal const string HttpContextKey = "HttpRequestContext";

    private string? _invocationId;
    private IServiceProvider? _services;
    private IDictionary<object, object>? _items;
    private Features? _features;

    public override string InvocationId => _invocationId ??= Guid.NewGuid().ToString();

    public override string FunctionId => function.Name;

    public override TraceContext TraceContext => ActivityTrace.Instance;

    public override BindingContext BindingContext => new Data(bindingData);

    public override RetryContext RetryContext => retry ?? NoRetries.Instance;

    public override IServiceProvider InstanceServices
    {
        get => _services ??= services is null ? Http!.RequestServices : services();
        set => _services = value;
    }

    public override FunctionDefinition FunctionDefinition => new Definition(function);

    public override IDictionary<object, object> Items
    {
        get => _items ??= Http is null ? new Dictionary<object, object>() : new Dictionary<object, object> { [HttpContextKey] = Http };
        set => _items = value;
    }

    public override IInvocationFeatures Features => _features ??= new Features();

    public override CancellationToken CancellationToken => Http is null ? cancellation : Time is null ? Http.RequestAborted : Time.Token();

    /// <summary>The request of an HTTP trigger; among the items under the published package's key once somebody asks for those.</summary>
    internal HttpContext? Http { get; init; }

    /// <summary>The time that the request has; it makes the token when somebody asks for it.</summary>
    internal RequestTime? Time { get; init; }

    /// <summary>W3C trace parent of what asked for the call, if that is not the current span.</summary>
    internal string? CallerTraceParent { get; init; }

    internal OfflineFunction Function => function;

    internal object? TriggerValue { get; set; } = triggerValue;

    internal object? Result { get; set; }

    private sealed class Data(IReadOnlyDictionary<string, object?> data) : BindingContext
    {
        public override IReadOnlyDictionary<string, object?> BindingData => data;
    }

    private sealed class NoRetries : RetryContext
    {
        public static readonly NoRetries Instance = new();

        public override int RetryCount => 0;

        public override int MaxRetryCount => 0;
    }

    private sealed class ActivityTrace : TraceContext
    {
        public static readonly ActivityTrace Instance = new();

        public override string TraceParent => Activity.Current?.Id ?? "";

        public override string TraceState => Activity.Current?.TraceStateString ?? "";
    }

    private sealed class Definition(OfflineFunction function) : FunctionDefinition
    {
        public override string PathToAssembly => function.Method.DeclaringType!.Assembly.Location;

        public override string EntryPoint => $"{function.Method.DeclaringType!.FullName}.{function.Method.Name}";

        public override string Id => function.Name;

        public override string Name => function.Name;
    }
}

/// <summary>Things that middleware hangs on an invocation, by type.</summary>
internal sealed class Features : IInvocationFeatures
{
    private readonly Dictionary<Type, object> _features = [];

    public void Set<T>(T instance)
    {
        ArgumentNullException.ThrowIfNull(instance);
        _features[typeof(T)] = instance;
    }

    public T? Get<T>() => _features.TryGetValue(typeof(T), out object? feature) ? (T)feature : default;

    public IEnumerator<KeyValuePair<Type, object>> GetEnumerator() => _features.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

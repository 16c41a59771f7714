using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Extensions.DurableTask;
using Microsoft.Azure.Functions.Worker.Offline;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ServerlessMlops.TestSupport.Azurite;

namespace ServerlessMlops.Offline.Tests.Durable;

/// <summary>Orchestrators and activities as functions of an app: attributes, parameters, middleware, host.json.</summary>
public sealed class FunctionGlueTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>, IAsyncLifetime
{
    private readonly List<string> _invocations = [];
    private ServiceProvider? _services;
    private IOfflineTriggerListener? _listener;

    private DurableTaskClient Client => _services!.GetRequiredService<DurableTaskHub>().Client;

    public async Task InitializeAsync()
    {
        var hostJson = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["functionTimeout"] = "00:00:30",
            ["extensions:durableTask:hubName"] = "%HUB%",
            ["extensions:durableTask:defaultVersion"] = "1.0",
            ["extensions:durableTask:maxConcurrentActivityFunctions"] = "4",
        }).Build();
        var settings = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["AzureWebJobsStorage"] = azurite.ConnectionString,
            ["HUB"] = azurite.UniqueName("glue"),
        }).Build();
        var middleware = new MiddlewareList();
        middleware.Add(next => context =>
        {
            lock (_invocations)
            {
                _invocations.Add(((OfflineFunctionContext)context).Function.Name);
            }

            return next(context);
        });
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.None));
        services.AddOptions();
        services.AddSingleton<IConfiguration>(settings);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(middleware);
        services.AddSingleton<FunctionInvoker>();
        services.AddSingleton<IOfflineFunctionInvoker>(provider => provider.GetRequiredService<FunctionInvoker>());
        new DurableTaskOfflineExtension().Configure(services, hostJson);
        _services = services.BuildServiceProvider();
        _listener = _services.GetServices<IOfflineTriggerListener>().Single();
        foreach (var function in OfflineFunction.Discover([typeof(FunctionGlueTests).Assembly]).Where(f => f.Method.DeclaringType == typeof(SampleFunctions)))
        {
            _services.GetRequiredService<FunctionInvoker>().FindFault(function).ShouldBeNull();
            _listener.CanHandle(function).ShouldBeTrue();
            _listener.Register(function);
        }

        await _listener.StartAsync(CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        await _listener!.StopAsync(CancellationToken.None);
        await _services!.DisposeAsync();
    }

    [Fact]
    public async Task Orchestrator_WithInputParameter_GetsItAndCallsActivities()
    {
        var id = await Client.ScheduleNewOrchestrationInstanceAsync(nameof(SampleFunctions.SampleGreet), new Greeting("Ada", 3));

        var ended = await EndAsync(id);

        ended.RuntimeStatus.ShouldBe(OrchestrationRuntimeStatus.Completed, ended.FailureDetails?.ToString());
        ended.ReadOutputAs<string[]>().ShouldBe([$"Ada 0 {id}", $"Ada 1 {id}", $"Ada 2 {id}"]);
        ended.SerializedInput.ShouldBe("""{"Name":"Ada","Times":3}""");
        _invocations.Count(name => name == nameof(SampleFunctions.SampleSay)).ShouldBe(3);
        _invocations.ShouldContain(nameof(SampleFunctions.SampleGreet));
    }

    [Fact]
    public async Task Orchestrator_ThatAwaitsSomethingElse_FailsWithAnExplanation()
    {
        var id = await Client.ScheduleNewOrchestrationInstanceAsync(nameof(SampleFunctions.SampleIllegal));

        var ended = await EndAsync(id);

        ended.RuntimeStatus.ShouldBe(OrchestrationRuntimeStatus.Failed);
        ended.FailureDetails!.IsCausedBy<InvalidOperationException>().ShouldBeTrue();
        ended.FailureDetails.ErrorMessage.ShouldStartWith("An invalid asynchronous invocation was detected.");
    }

    [Fact]
    public async Task Orchestrator_ThatCallsAClientOfItself_UsesTheSameHub()
    {
        var id = await Client.ScheduleNewOrchestrationInstanceAsync(nameof(SampleFunctions.SampleStarter), "named");

        (await EndAsync(id)).ReadOutputAs<string>().ShouldBe("started-named");
        (await EndAsync("started-named")).ReadOutputAs<string[]>().ShouldBe(["Bob 0 started-named"]);
    }

    private async Task<OrchestrationMetadata> EndAsync(string id)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        return await Client.WaitForInstanceCompletionAsync(id, getInputsAndOutputs: true, deadline.Token);
    }

    public sealed record Greeting(string Name, int Times);

    public sealed class SampleFunctions
    {
        [Function(nameof(SampleGreet))]
        public static async Task<string[]> SampleGreet([OrchestrationTrigger] TaskOrchestrationContext context, Greeting greeting)
        {
            context.CompareVersionTo("1.0").ShouldBe(0);
            return await Task.WhenAll(Enumerable.Range(0, greeting.Times).Select(i =>
                context.CallActivityAsync<string>(nameof(SampleSay), greeting with { Times = i })));
        }

        [Function(nameof(SampleSay))]
        public string SampleSay([ActivityTrigger] Greeting greeting, string instanceId, FunctionContext context)
        {
            context.ShouldNotBeNull();
            return $"{greeting.Name} {greeting.Times} {instanceId}";
        }

        [Function(nameof(SampleIllegal))]
        public static async Task<string> SampleIllegal([OrchestrationTrigger] TaskOrchestrationContext context)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
            return context.InstanceId;
        }

        [Function(nameof(SampleStarter))]
        public static Task<string> SampleStarter([OrchestrationTrigger] TaskOrchestrationContext context) =>
            context.CallActivityAsync<string>(nameof(SampleStart), context.GetInput<string>());

        [Function(nameof(SampleStart))]
        public static Task<string> SampleStart([ActivityTrigger] string name, [DurableClient] DurableTaskClient client, CancellationToken cancellation) =>
            client.ScheduleNewOrchestrationInstanceAsync(
                nameof(SampleGreet), new Greeting("Bob", 1), new StartOrchestrationOptions($"started-{name}"), cancellation);
    }
}

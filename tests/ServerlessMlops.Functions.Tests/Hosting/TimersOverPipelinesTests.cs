using System.Reflection;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.DependencyInjection;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Functions.Pipelines;
using ServerlessMlops.Functions.Registry;
using ServerlessMlops.Functions.Training;

namespace ServerlessMlops.Functions.Tests.Hosting;

/// <summary>Timers that go from pipeline to pipeline: one of which storage has nothing to say at that moment keeps no other from its turn.</summary>
[Collection(TestAppCollection.Name)]
public sealed class TimersOverPipelinesTests(TestApp app)
{
    [Fact]
    public async Task NightlyRetrain_OnePipelineCannotBeRead_TheOthersAreTrained()
    {
        (string first, string second) = await TwoAsync();
        IPipelineStore failing = Failing<IPipelineStore>(nameof(IPipelineStore.GetAsync), first);

        await ActivatorUtilities.CreateInstance<NightlyRetrain>(app.Services, failing, new SpecReader(failing)).Run(new TimerInfo(), app.Durable, default);

        ITrainingRequests requests = app.Services.GetRequiredService<ITrainingRequests>();
        (await requests.GetAsync(first, default)).Generation.ShouldBe(0);
        (await requests.GetAsync(second, default)).Generation.ShouldBe(1);
    }

    [Fact]
    public async Task LedgerAnchorTimer_OnePipelineCannotBeRead_TheOthersAreAnchoredAndTheFaultIsTold()
    {
        (string first, string second) = await TwoAsync();
        IModelRegistry failing = Failing<IModelRegistry>(nameof(IModelRegistry.GetHeadAsync), first);

        await Should.ThrowAsync<AggregateException>(() => ActivatorUtilities.CreateInstance<LedgerAnchorTimer>(app.Services, failing).Run(new TimerInfo(), default));

        ILedgerAnchors anchors = app.Services.GetRequiredService<ILedgerAnchors>();
        (await anchors.ListAsync(first, default)).ShouldBeEmpty();
        (await anchors.ListAsync(second, default)).ShouldNotBeEmpty();
    }

    /// <summary>Two pipelines in the order of the listing, with specs that ask for a training every night.</summary>
    private async Task<(string First, string Second)> TwoAsync()
    {
        string[] pipelines = [app.NewPipeline(), app.NewPipeline()];
        Array.Sort(pipelines, StringComparer.Ordinal);
        foreach (string pipeline in pipelines)
        {
            await app.PutSpecAsync(pipeline, TestApp.Spec);
        }

        return (pipelines[0], pipelines[1]);
    }

    private T Failing<T>(string method, string pipeline)
        where T : class
    {
        T proxy = DispatchProxy.Create<T, Unanswering>();
        ((Unanswering)(object)proxy).Fails = (name, args) => name == method && (string?)args![0] == pipeline;
        ((Unanswering)(object)proxy).Inner = app.Services.GetRequiredService<T>();
        return proxy;
    }

    /// <summary>A store that does not answer one question.</summary>
    public class Unanswering : DispatchProxy
    {
        internal object Inner { get; set; } = null!;

        internal Func<string, object?[]?, bool> Fails { get; set; } = null!;

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
            Fails(targetMethod!.Name, args) ? throw new IOException("storage does not answer") : targetMethod.Invoke(Inner, args);
    }
}

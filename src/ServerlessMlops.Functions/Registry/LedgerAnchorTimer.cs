using Microsoft.Azure.Functions.Worker;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Functions.Registry;

/// <summary>
/// Writes each ledger's head into the <c>ledger</c> container once a day, where a blob that is there is never changed: whoever rewrites the whole chain
/// later is found out by it.
/// </summary>
public sealed class LedgerAnchorTimer(IPipelineStore pipelines, IModelRegistry registry, ILedgerAnchors anchors, TimeProvider time)
{
    /// <summary>The timer. Fired twice on a day, the first anchor stands.</summary>
    [Function("AnchorLedgers")]
    public async Task Run([TimerTrigger("0 50 0 * * *")] TimerInfo timer, CancellationToken cancellation)
    {
        var faults = new List<Exception>();
        await foreach (string pipeline in pipelines.ListAsync(cancellation))
        {
            try
            {
                RegistryHead head = await registry.GetHeadAsync(pipeline, cancellation);
                if (head.LedgerLength > 0)
                {
                    await anchors.AnchorAsync(pipeline, new LedgerAnchor(DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime), head.LedgerLength, head.LedgerHash), cancellation);
                }
            }
            catch (Exception fault) when (!cancellation.IsCancellationRequested)
            {
                // The others' ledgers are anchored all the same; the host logs what failed.
                faults.Add(fault);
            }
        }

        if (faults.Count > 0)
        {
            throw new AggregateException("Some ledgers have no anchor of today.", faults);
        }
    }
}

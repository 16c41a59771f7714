using System.Globalization;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Functions.Pipelines;

namespace ServerlessMlops.Functions.Training;

/// <summary>Asks every night for a training of every pipeline whose spec says so. Where the data has not changed, the training says so and ends.</summary>
public sealed partial class NightlyRetrain(
    IPipelineStore pipelines, SpecReader specs, TrainingRequests requests, TimeProvider time, ILogger<NightlyRetrain> logger)
{
    /// <summary>The timer. Fired twice or late, on two instances or in the hour that comes twice when clocks go back, it is one wish for each night.</summary>
    [Function(nameof(NightlyRetrain))]
    public async Task Run([TimerTrigger("%RETRAIN_SCHEDULE%")] TimerInfo timer, [DurableClient] DurableTaskClient durable, CancellationToken cancellation)
    {
        string id = WishOf(timer, time.GetUtcNow());
        await foreach (string pipeline in pipelines.ListAsync(cancellation))
        {
            try
            {
                if (await specs.ReadAsync(pipeline, cancellation) is { Spec.Retrain.Nightly: true })
                {
                    await requests.AskAsync(new TrainingWish(pipeline, "nightly") { Id = id }, durable, cancellation);
                }
            }
            catch (Exception fault) when (!cancellation.IsCancellationRequested)
            {
                // One pipeline's fault, or storage that fails once, is not the others': theirs are trained.
                LogFault(logger, pipeline, fault.Message);
            }
        }
    }

    /// <summary>
    /// The night that a firing is about: the date, in the schedule's own time zone, of the occurrence that was due, so that one that is past due after
    /// midnight still belongs to the evening before.
    /// </summary>
    internal static string WishOf(TimerInfo timer, DateTimeOffset now)
    {
        DateTime due = timer.ScheduleStatus is { Next: var next } && next > DateTime.MinValue ? next : now.UtcDateTime;
        return string.Create(CultureInfo.InvariantCulture, $"nightly-{due:yyyy-MM-dd}");
    }

    [LoggerMessage(EventId = 140, Level = LogLevel.Warning, Message = "Pipeline {Pipeline} is not trained tonight. {Fault}")]
    private static partial void LogFault(ILogger logger, string pipeline, string fault);
}

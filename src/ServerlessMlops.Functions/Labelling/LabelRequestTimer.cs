using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Functions.Labelling;

/// <summary>
/// Asks for labels of yesterday's predictions, in the early morning. The second and third time that the timer fires find what the first has written, or make up
/// for it.
/// </summary>
public sealed partial class LabelRequestTimer(LabelRequests requests, IPipelineStore pipelines, ILogger<LabelRequestTimer> logger)
{
    /// <summary>The timer.</summary>
    [Function("RequestLabels")]
    public async Task Run([TimerTrigger("0 30 4-6 * * *")] TimerInfo timer, CancellationToken cancellation)
    {
        DateOnly day = requests.Yesterday();
        await foreach (string pipeline in pipelines.ListAsync(cancellation))
        {
            try
            {
                LabelRequestOutcome outcome = await requests.WriteAsync(pipeline, day, cancellation);
                if (outcome.Path is { } path)
                {
                    LogWritten(logger, path, outcome.Rows, outcome.Of);
                }
            }
            catch (Exception e) when (!cancellation.IsCancellationRequested)
            {
                // One pipeline's trouble (a faulty spec, a damaged log) is not another's.
                LogFailed(logger, pipeline, day, e);
            }
        }
    }

    [LoggerMessage(EventId = 6100, Level = LogLevel.Information, Message = "labels/{Path} asks for {Rows} label(s), drawn from {Of} prediction(s).")]
    private static partial void LogWritten(ILogger logger, string path, int rows, long of);

    [LoggerMessage(EventId = 6101, Level = LogLevel.Warning, Message = "Labels of pipeline {Pipeline} for {Day} could not be asked for; the next time the timer fires it is tried again.")]
    private static partial void LogFailed(ILogger logger, string pipeline, DateOnly day, Exception exception);
}

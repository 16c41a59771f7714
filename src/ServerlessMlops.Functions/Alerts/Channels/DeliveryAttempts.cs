using Microsoft.Extensions.Options;
using Polly;
using Polly.Retry;
using Polly.Timeout;

namespace ServerlessMlops.Functions.Alerts.Channels;

/// <summary>How one attempt ended.</summary>
/// <param name="Delivered">Whether the other side took it.</param>
/// <param name="Passing">Whether another attempt may end better.</param>
/// <param name="Sentence">The answer or the fault; no address.</param>
/// <param name="RetryAfter">How long the other side asks to be left alone, where it says.</param>
internal sealed record DeliveryAnswer(bool Delivered, bool Passing, string Sentence, TimeSpan? RetryAfter = null);

/// <summary>
/// What all channels have in common: a time limit for each attempt and for all together, and retries with exponential backoff on what may pass,
/// heeding what the other side asks for, up to a minute.
/// </summary>
public sealed class DeliveryAttempts
{
    /// <summary>How long all attempts of one delivery may take; less than <see cref="Core.Alerts.AlertGroup.Lease"/>, so that nobody takes over meanwhile.</summary>
    public static readonly TimeSpan LongestDelivery = TimeSpan.FromMinutes(4);

    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    private readonly ResiliencePipeline<DeliveryAnswer> _pipeline;

    /// <summary>Attempts by the settings.</summary>
    public DeliveryAttempts(IOptions<AlertsOptions> options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        var builder = new ResiliencePipelineBuilder<DeliveryAnswer> { TimeProvider = time };
        builder.AddTimeout(new TimeoutStrategyOptions { Timeout = LongestDelivery });
        if (options.Value.Retries > 0)
        {
            builder.AddRetry(new RetryStrategyOptions<DeliveryAnswer>
            {
                MaxRetryAttempts = options.Value.Retries,
                Delay = options.Value.RetryDelay,
                BackoffType = DelayBackoffType.Exponential,
                MaxDelay = LongestWait,
                ShouldHandle = arguments => ValueTask.FromResult(
                    arguments.Outcome.Exception is TimeoutRejectedException || arguments.Outcome.Result is { Delivered: false, Passing: true }),
                DelayGenerator = arguments => ValueTask.FromResult<TimeSpan?>(
                    arguments.Outcome.Result?.RetryAfter is { } asked ? TimeSpan.FromTicks(Math.Clamp(asked.Ticks, 0, LongestWait.Ticks)) : null),
            });
        }

        _pipeline = builder.AddTimeout(new TimeoutStrategyOptions { Timeout = options.Value.AttemptTimeout }).Build();
    }

    /// <summary>Attempts until it is taken, refused for good, or retries or time are used up.</summary>
    internal async Task<ChannelOutcome> RunAsync(Func<CancellationToken, Task<DeliveryAnswer>> attempt, CancellationToken cancellation)
    {
        int attempts = 0;
        try
        {
            DeliveryAnswer answer = await _pipeline.ExecuteAsync(
                async ended =>
                {
                    attempts++;
                    return await attempt(ended);
                },
                cancellation);
            return new ChannelOutcome(answer.Delivered, attempts, answer.Sentence);
        }
        catch (TimeoutRejectedException)
        {
            return new ChannelOutcome(false, attempts, "No answer in time.");
        }
    }
}

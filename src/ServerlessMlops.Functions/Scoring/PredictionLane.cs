using System.Text;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Core.Scoring.Predictions;

namespace ServerlessMlops.Functions.Scoring;

/// <summary>The open file of one model, and its allowance of rows.</summary>
internal sealed class PredictionLane(ServingModel model, bool isShadow)
{
    private const int ReserveSeconds = 10;

    private double _allowance = double.MaxValue;
    private DateTimeOffset _allowedAt;
    private byte[]? _droppedPrefix;
    private DateTimeOffset _droppedHour;

    public ServingModel Model { get; } = model;

    public bool IsShadow { get; } = isShadow;

    public PredictionSegment? Segment { get; set; }

    public bool IsForgotten { get; set; }

    public bool IsResting(DateTimeOffset now) => now - _allowedAt > TimeSpan.FromMinutes(1);

    public bool TryTake(int rows, DateTimeOffset now, int perSecond)
    {
        double most = (double)perSecond * ReserveSeconds;
        _allowance = Math.Min(most, _allowance + Math.Max(0, (now - _allowedAt).TotalSeconds * perSecond));
        _allowedAt = now;
        if (_allowance < rows)
        {
            return false;
        }

        _allowance -= rows;
        return true;
    }

    public byte[] DroppedPrefix(DateTimeOffset now, string instance)
    {
        if (_droppedPrefix is null || PredictionLog.HourOf(now) != _droppedHour)
        {
            _droppedHour = PredictionLog.HourOf(now);
            _droppedPrefix = Encoding.UTF8.GetBytes(InferenceId.Prefix(Model.Card.Pipeline, _droppedHour, instance, -1));
        }

        return _droppedPrefix;
    }
}

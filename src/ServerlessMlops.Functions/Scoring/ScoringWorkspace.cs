using System.Buffers;
using ServerlessMlops.Core.Scoring;

namespace ServerlessMlops.Functions.Scoring;

/// <summary>
/// What one request needs while it is read, scored and written: kept from request to request, one per thread, so that a request makes no
/// garbage. Taken and given back without an await between.
/// </summary>
internal sealed class ScoringWorkspace
{
    private const int KeptBytes = 1 << 20;

    [ThreadStatic]
    private static ScoringWorkspace? _spare;

    /// <summary>The rows.</summary>
    public ScoringBatch Batch { get; } = new();

    /// <summary>The answer.</summary>
    public ArrayBufferWriter<byte> Answer { get; private set; } = new(4096);

    public static ScoringWorkspace Take()
    {
        ScoringWorkspace workspace = _spare ?? new ScoringWorkspace();
        _spare = null;
        return workspace;
    }

    public void GiveBack()
    {
        if (Answer.Capacity > KeptBytes)
        {
            Answer = new ArrayBufferWriter<byte>(4096);
        }

        Answer.ResetWrittenCount();
        _spare = this;
    }
}

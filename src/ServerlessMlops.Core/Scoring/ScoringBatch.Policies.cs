using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Core.Scoring;

// What becomes of what does not fit, by the rules of the pipeline.
public sealed partial class ScoringBatch
{
    /// <summary>Notes a column that is no input, as the policy says.</summary>
    internal void AddBesides(int role, string column)
    {
        if (role == ColumnRole.Target)
        {
            AddRequestFinding(FindingCode.TargetColumn, column);
        }
        else if (Signature.Rules.Spec.OnExtra != ExtraPolicy.Accept)
        {
            AddRequestFinding(FindingCode.ExtraColumn, column, Signature.Rules.Spec.OnExtra == ExtraPolicy.Reject);
        }
    }

    /// <summary>Counts a value that is not what the input takes: an error, or, by policy, missing with a warning.</summary>
    internal void CountUnfit(FindingCode code, int input, int row)
    {
        if (Signature.PolicyOf(input).OnWrongType == UnfitPolicy.Missing)
        {
            SetMissing(row, input);
            CountWarning(code, input, row);
        }
        else
        {
            CountError(code, input, row);
        }
    }

    private void CountNull(int input, int row)
    {
        switch (Signature.PolicyOf(input).OnNull)
        {
            case NullPolicy.Warn:
                CountWarning(FindingCode.NullValue, input, row);
                break;
            case NullPolicy.Reject:
                CountError(FindingCode.NullValue, input, row);
                break;
        }
    }

    // As the policy says; false where the value has been made missing.
    private bool AcceptUnknown(int input, int row, ReadOnlySpan<byte> category)
    {
        UnknownPolicy policy = Signature.PolicyOf(input).OnUnknown;
        if (policy != UnknownPolicy.Accept)
        {
            CountWarning(FindingCode.UnknownCategory, input, row);
            HasErrors |= policy == UnknownPolicy.Reject;
        }

        if (policy == UnknownPolicy.Missing)
        {
            SetMissing(row, input);
            return false;
        }

        KeepUnseen(input, row, category);
        return true;
    }

    private bool IsError(FindingCode code, int input)
    {
        ColumnScoringSpec policy = Signature.PolicyOf(input);
        return code switch
        {
            FindingCode.MissingColumn => policy.OnMissing == UnfitPolicy.Reject,
            FindingCode.WrongType or FindingCode.OutOfRange => policy.OnWrongType == UnfitPolicy.Reject,
            FindingCode.UnknownCategory => policy.OnUnknown == UnknownPolicy.Reject,
            FindingCode.NullValue => policy.OnNull == NullPolicy.Reject,
            _ => true,
        };
    }
}

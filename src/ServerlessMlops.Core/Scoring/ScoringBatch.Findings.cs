using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Core.Scoring;

// What is wrong with the rows, as counts per input: a request with a million bad values costs no more to report than one with a single one.
public sealed partial class ScoringBatch
{
    private const int MostNames = 50;
    private const int MostUnseen = 100;
    private const int LongestUnseen = 128;

    // One counter per code that concerns a single input.
    private static readonly FindingCode[] CountedCodes =
        [FindingCode.MissingColumn, FindingCode.DuplicateColumn, FindingCode.WrongType, FindingCode.OutOfRange, FindingCode.UnknownCategory, FindingCode.NullValue];

    private readonly List<(FindingCode Code, string Column, bool IsError)> _requestFindings = [];
    private readonly List<UnseenCategory> _unseen = [];
    private Tally[] _tallies = [];
    private Tally _rowLength;
    private Tally _invalidId;
    private Tally _invalidKey;
    private int _expectedRowLength;
    private bool _tallied;

    /// <summary>Whether anything was found against the signature that forbids scoring.</summary>
    public bool HasErrors { get; private set; }

    /// <summary>Whether anything was found at all.</summary>
    public bool HasFindings => HasErrors || _tallied || _requestFindings.Count > 0;

    /// <summary>Categories that training did not see, the first hundred of the request, as they were sent: what the prediction log keeps of them.</summary>
    internal IReadOnlyList<UnseenCategory> Unseen => _unseen;

    /// <summary>Everything found, errors first, then by column in the order of the signature.</summary>
    public IReadOnlyList<SignatureFinding> Findings()
    {
        var findings = new List<SignatureFinding>();
        for (int input = 0; _tallied && input < Signature.Width; input++)
        {
            for (int code = 0; code < CountedCodes.Length; code++)
            {
                Tally tally = _tallies[(input * CountedCodes.Length) + code];
                if (tally.Count > 0)
                {
                    FeatureSignature expected = Signature.Card.Inputs[input];
                    bool isError = IsError(CountedCodes[code], input);
                    string message = MessageOf(CountedCodes[code], expected, tally, isError, input);
                    findings.Add(new SignatureFinding(CountedCodes[code], expected.Name, tally.FirstRow, tally.Count, message) { IsError = isError });
                }
            }
        }

        AddTally(findings, FindingCode.RowLength, "", _rowLength, $"more or fewer values than the {_expectedRowLength} columns; give each row one value per column, null for a missing one.");
        AddTally(findings, FindingCode.InvalidInferenceId, "inferenceId", _invalidId, $"an inferenceId that is not {Scoring.InferenceId.Rule}.");
        AddTally(findings, FindingCode.InvalidKey, Signature.Card.Key ?? "", _invalidKey, $"a key of more than {LongestKey} bytes.");
        foreach ((FindingCode code, string column, bool isError) in _requestFindings)
        {
            findings.Add(new SignatureFinding(code, column, null, Rows, code switch
            {
                FindingCode.MissingColumn when !isError => $"Column '{column}' is missing; every row was scored as if its value were.",
                FindingCode.ExtraColumn when isError => $"Column '{column}' is not an input of the model, and the pipeline refuses such columns (scoring.onExtra); leave it out.",
                FindingCode.NoExplanation => column,
                FindingCode.MissingColumn => $"Column '{column}' is missing; the model needs it. Send it{(IsRequired(column) ? "" : ", with null where a value is missing")}.{Meant(column)}",
                FindingCode.DuplicateColumn => $"Column '{column}' is named twice; name each column once.",
                FindingCode.TargetColumn => $"Column '{column}' is the target that the model predicts; it was ignored.",
                FindingCode.IgnoredParameter => $"Parameter '{column}' is not known; it was ignored.",
                _ => $"Column '{column}' is not an input of the model; it was ignored.",
            }) { IsError = isError });
        }

        return [.. findings.OrderBy(f => !f.IsError)];
    }

    private bool IsRequired(string column) => Signature.Card.Inputs.Select((input, i) => input.Name == column && Signature.IsRequired(i)).Any(required => required);

    /// <summary>A column by its name in the request; notes those that are ignored.</summary>
    internal int RoleOfColumn(ReadOnlySpan<byte> name)
    {
        int role = Signature.RoleOf(name);
        if ((role is ColumnRole.Extra or ColumnRole.Target) && _requestFindings.Count < MostNames)
        {
            AddBesides(role, Text.Excerpt(name));
        }

        return role;
    }

    internal void AddRequestFinding(FindingCode code, string column) => AddRequestFinding(code, column, code is FindingCode.MissingColumn or FindingCode.DuplicateColumn);

    private void AddRequestFinding(FindingCode code, string column, bool isError)
    {
        HasErrors |= isError;
        if ((isError || _requestFindings.Count < MostNames) && !_requestFindings.Contains((code, column, isError)))
        {
            _requestFindings.Add((code, column, isError));
        }
    }

    internal void CountError(FindingCode code, int input, int row)
    {
        HasErrors = true;
        CountWarning(code, input, row);
    }

    private void CountWarning(FindingCode code, int input, int row)
    {
        _tallied = true;
        _tallies[(input * CountedCodes.Length) + Array.IndexOf(CountedCodes, code)].Add(row);
    }

    internal void CountRowLength(int row, int expected)
    {
        HasErrors = true;
        _expectedRowLength = expected;
        _rowLength.Add(row);
    }

    private void KeepUnseen(int input, int row, ReadOnlySpan<byte> category)
    {
        if (_unseen.Count < MostUnseen)
        {
            // Cut between characters, so that what is kept is UTF-8 as well.
            int length = Math.Min(category.Length, LongestUnseen);
            while (length < category.Length && length > 0 && (category[length] & 0xC0) == 0x80)
            {
                length--;
            }

            Slice slice = Append(category[..length]);
            _unseen.Add(new UnseenCategory(row, input, slice.Start, slice.Length));
        }
    }

    /// <summary>The bytes of an unseen category.</summary>
    internal ReadOnlySpan<byte> NameOf(UnseenCategory category) => _text.AsSpan(category.Start, category.Length);

    private void CountInvalidId(int row)
    {
        HasErrors = true;
        _invalidId.Add(row);
    }

    private void CountInvalidKey(int row)
    {
        HasErrors = true;
        _invalidKey.Add(row);
    }

    private void ResetFindings(int width)
    {
        if (_tallies.Length < width * CountedCodes.Length)
        {
            _tallies = new Tally[width * CountedCodes.Length];
        }
        else if (_tallied)
        {
            Array.Clear(_tallies);
        }

        _requestFindings.Clear();
        _absent.Clear();
        ForgetRowTallies();
        HasErrors = false;
    }

    private void ForgetRowFindings()
    {
        if (_tallied)
        {
            Array.Clear(_tallies);
        }

        ForgetRowTallies();
        HasErrors = _requestFindings.Exists(f => f.IsError);
    }

    private void ForgetRowTallies()
    {
        _unseen.Clear();
        _rowLength = default;
        _invalidId = default;
        _invalidKey = default;
        _tallied = false;
    }

    private string MessageOf(FindingCode code, FeatureSignature expected, Tally tally, bool isError, int input)
    {
        ColumnScoringSpec policy = Signature.PolicyOf(input);
        bool isRequired = Signature.IsRequired(input);
        string where = Rows == 1 ? $"'{expected.Name}'" : $"'{expected.Name}' in {RowsOf(tally)}";
        string kind = expected.Kind == FeatureKind.Number ? "a number" : "a category by name (text)";
        return code switch
        {
            FindingCode.MissingColumn when !isError => $"{where} is not there; it was scored as missing.",
            FindingCode.WrongType when !isError => $"{where} is not {kind}; it was scored as missing.",
            FindingCode.OutOfRange when !isError => $"{where} is a number beyond single precision (about 3.4e38); it was scored as missing.",
            FindingCode.NullValue when isRequired => $"{where} is missing, and the model has no answer without it; send {kind}.",
            FindingCode.NullValue when isError => $"{where} is missing, and the pipeline refuses rows without it (scoring.columns.{expected.Name}.onNull); send {kind}.",
            FindingCode.NullValue => $"{where} is missing; it was scored so.",
            FindingCode.UnknownCategory when isError => $"{where} is a category that training did not see, and the pipeline refuses such rows (scoring.columns.{expected.Name}.onUnknown); send one that it saw.",
            FindingCode.UnknownCategory when policy.OnUnknown == UnknownPolicy.Missing => $"{where} is a category that training did not see; it was scored as missing.",
            FindingCode.MissingColumn => $"{where} is not there; send {(isRequired ? kind : "null for a missing value")}.{Meant(expected.Name)}",
            FindingCode.DuplicateColumn => $"{where} is given twice; give each column once.",
            FindingCode.WrongType => $"{where} is not {kind}; send {kind}{(isRequired ? "" : ", or null for a missing value")}.",
            FindingCode.OutOfRange => $"{where} is a number beyond single precision (about 3.4e38); check its unit{(isRequired ? "" : ", or send null")}.",
            _ => $"{where} is a category that training did not see; it was scored as unknown.",
        };
    }

    /// <summary>A column of the request that is no input and is written nearly as the one that is missing.</summary>
    private string Meant(string missing) =>
        Spelling.Closest(missing, _requestFindings.Where(f => f.Code == FindingCode.ExtraColumn).Select(f => f.Column)) is { } close ? $" Is it what the request calls '{close}'?" : "";

    private static string RowsOf(Tally tally) => tally.Count == 1 ? $"row {tally.FirstRow}" : $"{tally.Count} rows, the first of them row {tally.FirstRow},";

    private void AddTally(List<SignatureFinding> findings, FindingCode code, string column, Tally tally, string what)
    {
        if (tally.Count > 0)
        {
            findings.Add(new SignatureFinding(code, column, tally.FirstRow, tally.Count, Rows == 1 ? what : $"{RowsOf(tally).TrimEnd(',')}: {what}"));
        }
    }

    /// <summary>A category not seen in training, by row, input and place in the batch's text.</summary>
    internal readonly record struct UnseenCategory(int Row, int Input, int Start, int Length);

    private struct Tally
    {
        public int FirstRow;
        public int Count;

        public void Add(int row)
        {
            if (Count++ == 0)
            {
                FirstRow = row;
            }
        }
    }
}

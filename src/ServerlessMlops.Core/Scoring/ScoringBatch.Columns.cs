using System.Text.Json;
using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Core.Scoring;

// The columns of the request: what stands at each position, and which inputs have been given.
public sealed partial class ScoringBatch
{
    private const int ColumnRoles = 5;
    private const int MostProperties = 4096;

    private int[] _roles = [];
    private int _roleCount;
    private int[] _given = [];
    private int _givenStamp;
    private int _givenInputs;
    private (int Start, int Length, int Role)[] _properties = [];
    private int _propertyCount;
    private readonly List<int> _absent = [];

    /// <summary>Roles of the request's columns by position.</summary>
    internal ReadOnlySpan<int> Roles => _roles.AsSpan(0, _roleCount);

    /// <summary>Begins a list of columns, or a record: nothing has been given yet.</summary>
    internal void BeginColumns()
    {
        int slots = Signature.Width + ColumnRoles;
        if (_given.Length < slots)
        {
            _given = new int[slots];
            _givenStamp = 0;
        }

        if (++_givenStamp == int.MaxValue)
        {
            Array.Clear(_given);
            _givenStamp = 1;
        }

        _givenInputs = 0;
        _roleCount = 0;
    }

    /// <summary>Adds the next column by name; a name given before is an error.</summary>
    internal void AddColumn(ReadOnlySpan<byte> name)
    {
        int role = RoleOfColumn(name);
        if (!Give(role))
        {
            AddRequestFinding(FindingCode.DuplicateColumn, Text.Excerpt(name));
        }

        AddRole(role);
    }

    /// <summary>Takes the inputs by their position, where the request names none.</summary>
    internal void AddAllInputs()
    {
        BeginColumns();
        for (int input = 0; input < Signature.Width; input++)
        {
            Give(input);
            AddRole(input);
        }
    }

    /// <summary>Ends the list of columns: inputs not in it are missing from every row.</summary>
    internal void EndColumns()
    {
        for (int input = 0; _givenInputs < Signature.Width && input < Signature.Width; input++)
        {
            if (_given[input] != _givenStamp)
            {
                AddRequestFinding(FindingCode.MissingColumn, Signature.Card.Inputs[input].Name, Signature.PolicyOf(input).OnMissing == UnfitPolicy.Reject);
                _absent.Add(input);
            }
        }
    }

    /// <summary>Marks a column as given; false where it was before. Extra columns may come as often as they like.</summary>
    internal bool Give(int role)
    {
        if (role is ColumnRole.Extra or ColumnRole.Target)
        {
            return true;
        }

        int slot = role >= 0 ? role : Signature.Width - role;
        if (_given[slot] == _givenStamp)
        {
            return false;
        }

        _given[slot] = _givenStamp;
        if (role >= 0)
        {
            _givenInputs++;
        }

        return true;
    }

    /// <summary>Ends a record: inputs not in it are missing from this row.</summary>
    internal void EndRecord(int row)
    {
        for (int input = 0; _givenInputs < Signature.Width && input < Signature.Width; input++)
        {
            if (_given[input] != _givenStamp)
            {
                if (Signature.PolicyOf(input).OnMissing == UnfitPolicy.Missing)
                {
                    SetMissing(row, input);
                    CountWarning(FindingCode.MissingColumn, input, row);
                }
                else
                {
                    CountError(FindingCode.MissingColumn, input, row);
                }
            }
        }
    }

    /// <summary>
    /// The role of the property that the reader stands on. Records repeat their names in one order, so the name is first compared with the one
    /// that stood at the same place in the record before.
    /// </summary>
    internal int RoleOfProperty(ref Utf8JsonReader reader, ReadOnlySpan<byte> body, int ordinal)
    {
        ReadOnlySpan<byte> raw = reader.ValueSpan;
        if (ordinal < _propertyCount && body.Slice(_properties[ordinal].Start, _properties[ordinal].Length).SequenceEqual(raw))
        {
            return _properties[ordinal].Role;
        }

        int role = RoleOfColumn(StringOf(ref reader));
        if (ordinal < MostProperties)
        {
            if (ordinal >= _properties.Length)
            {
                Array.Resize(ref _properties, Math.Max(ordinal + 1, Math.Max(16, _properties.Length * 2)));
            }

            _properties[ordinal] = (checked((int)reader.TokenStartIndex) + 1, raw.Length, role);
            _propertyCount = Math.Max(_propertyCount, ordinal + 1);
        }

        return role;
    }

    /// <summary>Makes the columns that no row has missing, once all rows are read.</summary>
    internal void FillAbsent()
    {
        foreach (int input in _absent)
        {
            for (int row = 0; row < Rows; row++)
            {
                SetMissing(row, input);
            }
        }

        _absent.Clear();
    }

    private void AddRole(int role)
    {
        if (_roleCount == _roles.Length)
        {
            Array.Resize(ref _roles, Math.Max(16, _roles.Length * 2));
        }

        _roles[_roleCount++] = role;
    }
}

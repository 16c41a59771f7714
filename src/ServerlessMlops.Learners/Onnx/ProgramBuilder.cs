using ServerlessMlops.Learners.Onnx.Steps;

namespace ServerlessMlops.Learners.Onnx;

/// <summary>
/// A value of the graph, row by row: the workspace columns that hold it, or a constant. A text value's columns hold category codes of one input. A negative slot is a
/// column of a table that is looked up where it is read (<see cref="ProgramBuilder.Table"/>).
/// </summary>
internal sealed record RowValue(int[] Slots)
{
    /// <summary>Index of the text input that the codes belong to; -1 for numbers.</summary>
    public int TextInput { get; init; } = -1;

    /// <summary>Set for a constant, which has no columns.</summary>
    public OnnxTensor? Constant { get; init; }
}

/// <summary>What the compiler knows while it turns nodes into steps.</summary>
internal sealed class ProgramBuilder
{
    /// <summary>Most columns of a workspace: a graph that doubles its width node by node must end somewhere.</summary>
    private const int MaxSlots = 1 << 18;

    /// <summary>Most numbers that the program may keep, 256 MB of them: a small file can ask for many copies of one constant.</summary>
    private const long MaxNumbers = 1 << 26;

    private long _numbers;

    private readonly List<TableColumn> _tables = [];
    private readonly Dictionary<int, int> _lookedUp = [];
    private readonly Dictionary<string, RowValue> _values = new(StringComparer.Ordinal);
    private readonly Dictionary<int, Dictionary<string, int>> _categories = [];

    public List<RowStep> Steps { get; } = [];

    public int SlotCount { get; private set; }

    /// <summary>Class names that a classifier node has brought; null before one has.</summary>
    public string[]? Classes { get; set; }

    public int Allocate(int width, string place)
    {
        if (width < 0 || width > MaxSlots - SlotCount)
        {
            throw new OnnxFormatException($"{place} would make the rows of the graph wider than {MaxSlots} columns; models of this kind are far narrower.");
        }

        int at = SlotCount;
        SlotCount += width;
        return at;
    }

    /// <summary>Counts numbers that a node is about to keep; refuses what would take more memory than any model of this kind.</summary>
    public void Keep(long count, string place)
    {
        _numbers += count;
        if (_numbers > MaxNumbers)
        {
            throw new OnnxFormatException($"{place} would make the model keep more than {MaxNumbers} numbers in memory; models of this kind are far smaller.");
        }
    }

    public RowValue Columns(int start, int width) => new([.. Enumerable.Range(start, width)]);

    public void Define(string name, RowValue value, string place)
    {
        Keep(value.Slots.Length, place);
        if (name.Length > 0 && !_values.TryAdd(name, value))
        {
            throw new OnnxFormatException($"{place} writes '{name}', which is written already; expected every value to be written once.");
        }
    }

    /// <summary>A node's input, all of its columns in the workspace.</summary>
    public RowValue Get(OnnxNode node, int input) => InWorkspace(GetUnread(node, input), node.Place);

    /// <summary>A node's input for those that only pass it on, or read tables themselves.</summary>
    public RowValue GetUnread(OnnxNode node, int input)
    {
        if (input >= node.Inputs.Length)
        {
            throw new OnnxFormatException($"{node.Place} has {node.Inputs.Length} inputs; expected at least {input + 1}.");
        }

        return _values.TryGetValue(node.Inputs[input], out RowValue? value)
            ? value
            : throw new OnnxFormatException($"{node.Place} reads '{node.Inputs[input]}', which no input, constant or earlier node has written: the graph has a cycle or a part is absent.");
    }

    public RowValue? Find(string name) => _values.TryGetValue(name, out RowValue? value) ? InWorkspace(value, $"Output '{name}'") : null;

    /// <summary>Adds a column of a table; returns its slot, a negative one.</summary>
    public int AddTable(TableColumn table)
    {
        _tables.Add(table);
        return -_tables.Count;
    }

    /// <summary>The table's column that a slot stands for; null for a column of the workspace.</summary>
    public TableColumn? Table(int slot) => slot < 0 ? _tables[-slot - 1] : null;

    /// <summary>The value with its tables looked up.</summary>
    private RowValue InWorkspace(RowValue value, string place)
    {
        if (!Array.Exists(value.Slots, s => s < 0))
        {
            return value;
        }

        return value with
        {
            Slots = Array.ConvertAll(value.Slots, slot =>
            {
                if (slot >= 0 || _lookedUp.TryGetValue(slot, out int at))
                {
                    return slot >= 0 ? slot : _lookedUp[slot];
                }

                _lookedUp[slot] = at = Allocate(1, place);
                TableColumn table = Table(slot)!;
                Steps.Add(new LookupStep(table.Values, float.NaN, float.NaN, table.CodeSlot, at));
                return at;
            }),
        };
    }

    /// <summary>The node's input as numbers, side by side; the first column.</summary>
    public int Numbers(OnnxNode node, int input, out int width)
    {
        RowValue value = Get(node, input);
        RequireNumbers(node, value);
        width = value.Slots.Length;
        return SideBySide(value.Slots, node.Place);
    }

    /// <summary>Columns of the workspace, side by side; the first.</summary>
    public int SideBySide(int[] slots, string place)
    {
        for (int i = 1; i < slots.Length; i++)
        {
            if (slots[i] != slots[0] + i)
            {
                int to = Allocate(slots.Length, place);
                Steps.Add(new CopyStep(slots, to));
                return to;
            }
        }

        return slots.Length == 0 ? 0 : slots[0];
    }

    public static void RequireNumbers(OnnxNode node, RowValue value)
    {
        if (value.TextInput >= 0 || value.Constant is not null)
        {
            throw new OnnxFormatException($"{node.Place} is given {(value.Constant is null ? "text" : "a constant")}; expected columns of numbers.");
        }
    }

    /// <summary>The constant that a node's input is.</summary>
    public OnnxTensor Constant(OnnxNode node, int input) => Get(node, input).Constant
        ?? throw new OnnxFormatException($"{node.Place} is given a computed value as input {input}; expected a constant.");

    /// <summary>Code of a category of a text input; a new one for a name not met before.</summary>
    public int CategoryCode(int input, string name)
    {
        if (!_categories.TryGetValue(input, out Dictionary<string, int>? codes))
        {
            _categories[input] = codes = new Dictionary<string, int>(StringComparer.Ordinal);
        }

        if (!codes.TryGetValue(name, out int code))
        {
            codes[name] = code = codes.Count;
        }

        return code;
    }

    /// <summary>The categories of a text input, by code.</summary>
    public string[] Categories(int input) => _categories.TryGetValue(input, out Dictionary<string, int>? codes) ? [.. codes.Keys] : [];
}

using ServerlessMlops.Learners.Boosting;
using ServerlessMlops.Learners.Onnx.Steps;

namespace ServerlessMlops.Learners.Onnx.Operators;

/// <summary>Tree ensembles.</summary>
internal static class TreeOperators
{
    public static void Regressor(ProgramBuilder builder, OnnxNode node)
    {
        int targets = (int)Math.Clamp(node.Int("n_targets", 1), 0, 65_536);
        RowValue columns = Columns(builder, node);
        int width = columns.Slots.Length;
        string aggregate = node.String("aggregate_function", "SUM");
        if (aggregate is not ("SUM" or "AVERAGE"))
        {
            throw new OnnxFormatException($"{node.Place} has aggregate_function {aggregate}; supported are SUM and AVERAGE.");
        }

        TreeArrays arrays = TreeArrays.Read(node, "target");
        float factor = aggregate == "AVERAGE" ? 1f / Math.Max(1, arrays.TreeCount) : 1;
        RowValue scores = Add(builder, node, columns, arrays.Build(width, targets, factor), BaseValues(node, targets));
        PostTransform.Apply(builder, node, scores);
        builder.Define(node.Outputs[0], scores, node.Place);
    }

    /// <summary>
    /// Two classes may be written as scores of one class alone; the other's follows: with all weights positive these are probabilities and
    /// the other is <c>1 - p</c>, else they are raw scores and the other is <c>-s</c>, each through the logistic if that is asked for.
    /// </summary>
    public static void Classifier(ProgramBuilder builder, OnnxNode node)
    {
        string[] classes = ClassLabels.Read(node, "classlabels_int64s", "classlabels_strings");
        builder.Classes = classes;
        RowValue columns = Columns(builder, node);
        int width = columns.Slots.Length;
        TreeArrays arrays = TreeArrays.Read(node, "class");
        string to = node.Outputs.Length > 1 ? node.Outputs[1] : "";
        if (classes.Length > 2 || arrays.Targets.Distinct().Count() > 1)
        {
            RowValue scores = Add(builder, node, columns, arrays.Build(width, classes.Length, 1), BaseValues(node, classes.Length));
            PostTransform.Apply(builder, node, scores);
            builder.Define(to, scores, node.Place);
            return;
        }

        float[] bases = node.Floats("base_values");
        if (bases.Length > 1)
        {
            throw new OnnxFormatException($"{node.Place} scores one of two classes and has {bases.Length} base_values; expected at most one.");
        }

        RowValue raw = Add(builder, node, columns, arrays.WithTarget(0).Build(width, 1, 1), bases.Length == 0 ? [0] : bases);
        int start = builder.Allocate(2, node.Place);
        int s = raw.Slots[0];
        bool probabilities = arrays.Weights.All(w => w >= 0);
        bool logistic = node.String("post_transform", "NONE") switch
        {
            "LOGISTIC" => true,
            "NONE" => false,
            string other => throw new OnnxFormatException($"{node.Place} scores one of two classes with post_transform {other}; supported are NONE and LOGISTIC."),
        };
        MapStep.Formula second = !probabilities && logistic ? (x, _, _) => LinkFunction.Logistic(x) : (x, _, _) => x;
        MapStep.Formula first = probabilities ? (x, _, _) => 1 - x : logistic ? (x, _, _) => LinkFunction.Logistic(-x) : (x, _, _) => -x;
        builder.Steps.Add(new MapStep(first, [s], [s], [s], start));
        builder.Steps.Add(new MapStep(second, [s], [s], [s], start + 1));
        builder.Define(to, builder.Columns(start, 2), node.Place);
    }

    private static float[] BaseValues(OnnxNode node, int targets)
    {
        float[] bases = node.Floats("base_values");
        return bases.Length == 0 ? new float[targets] : bases.Length == targets
            ? bases
            : throw new OnnxFormatException($"{node.Place} has {bases.Length} base_values for {targets} scores; expected one for each, or none.");
    }

    /// <summary>What trees read: columns of tables stay tables, unless these have more codes than sets can hold.</summary>
    private static RowValue Columns(ProgramBuilder builder, OnnxNode node)
    {
        RowValue columns = builder.GetUnread(node, 0);
        columns = columns.Slots.Any(s => builder.Table(s)?.Values.Length > CategorySet.MaxCodes) ? builder.Get(node, 0) : columns;
        ProgramBuilder.RequireNumbers(node, columns);
        return columns;
    }

    private static RowValue Add(ProgramBuilder builder, OnnxNode node, RowValue columns, IReadOnlyList<DecisionTree> trees, float[] bases)
    {
        if (bases.Length == 0)
        {
            throw new OnnxFormatException($"{node.Place} has no targets; expected n_targets of at least 1.");
        }

        int[] slots = columns.Slots;
        if (slots.Any(s => s < 0))
        {
            (trees, slots) = SetColumns.Read(trees, slots, builder.Table);
        }

        int from = builder.SideBySide(slots, node.Place);
        int start = builder.Allocate(bases.Length, node.Place);
        try
        {
            builder.Steps.Add(new PredictorStep(new TreeEnsemble(slots.Length, bases, trees), from, start));
        }
        catch (ArgumentException e)
        {
            throw new OnnxFormatException($"{node.Place} is not a forest: {e.Message}", e);
        }

        return builder.Columns(start, bases.Length);
    }
}

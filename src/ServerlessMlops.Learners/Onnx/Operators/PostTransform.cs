using ServerlessMlops.Learners.Onnx.Steps;

namespace ServerlessMlops.Learners.Onnx.Operators;

/// <summary>The post_transform attribute of ai.onnx.ml models.</summary>
internal static class PostTransform
{
    /// <summary>Applies it in place to scores that stand side by side.</summary>
    public static void Apply(ProgramBuilder builder, OnnxNode node, RowValue scores)
    {
        string name = node.String("post_transform", "NONE");
        if (Link(node, name) is { } link)
        {
            builder.Steps.Add(new LinkStep(link, scores.Slots[0], scores.Slots.Length));
        }
    }

    private static Link? Link(OnnxNode node, string name) => name switch
    {
        "NONE" => null,
        "LOGISTIC" => Learners.Link.Logistic,
        "SOFTMAX" => Learners.Link.Softmax,
        _ => throw new OnnxFormatException($"{node.Place} has post_transform {name}; supported are NONE, LOGISTIC and SOFTMAX."),
    };
}

/// <summary>Class names of a classifier node, from whole numbers or strings.</summary>
internal static class ClassLabels
{
    public static string[] Read(OnnxNode node, string ints, string strings)
    {
        string[] labels = node.Strings(strings) is { Length: > 0 } texts
            ? texts
            : [.. node.Ints(ints).Select(i => i.ToString(System.Globalization.CultureInfo.InvariantCulture))];
        return labels.Length >= 2 ? labels : throw new OnnxFormatException($"{node.Place} names {labels.Length} classes; expected at least two in {ints} or {strings}.");
    }
}

namespace ServerlessMlops.Learners.Onnx;

/// <summary>Writes a link.</summary>
internal static class LinkWriter
{
    public static string Write(OnnxGraphBuilder graph, Link link, string scores) => link switch
    {
        Link.Logistic => graph.Node("Sigmoid", "", [scores]),
        Link.Softmax => graph.Node("Softmax", "", [scores], OnnxGraphBuilder.Attribute("axis", 1)),
        Link.Exponential => graph.Node("Exp", "", [scores]),
        _ => scores,
    };
}

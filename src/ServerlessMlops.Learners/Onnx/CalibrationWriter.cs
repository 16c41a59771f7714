using ServerlessMlops.Learners.Boosting;
using ServerlessMlops.Learners.Calibration;

namespace ServerlessMlops.Learners.Onnx;

/// <summary>Writes a calibration. A step function is a tree of one column, the score.</summary>
internal static class CalibrationWriter
{
    public static string Write(OnnxGraphBuilder graph, Calibrator calibrator, Link link, string scores)
    {
        switch (calibrator)
        {
            case PlattCalibrator platt:
                string scaled = graph.Node("Mul", "", [scores, graph.Constant([platt.Slope], 1)]);
                return LinkWriter.Write(graph, link, graph.Node("Add", "", [scaled, graph.Constant([platt.Intercept], 1)]));
            case IsotonicCalibrator isotonic:
                var nodes = new List<TreeNode>();
                Grow(isotonic, nodes, 0, isotonic.Values.Count - 1);
                return TreeWriter.Write(graph, new TreeEnsemble(1, [0f], [new DecisionTree([.. nodes], 0)]), scores);
            default:
                throw new ArgumentException($"Calibrator {calibrator.GetType().Name} has no ONNX form.", nameof(calibrator));
        }
    }

    /// <summary>Appends the balanced search tree over steps [first, last]; returns its root.</summary>
    private static int Grow(IsotonicCalibrator isotonic, List<TreeNode> nodes, int first, int last)
    {
        int at = nodes.Count;
        if (first == last)
        {
            nodes.Add(new TreeNode { Column = -1, Value = isotonic.Values[first] });
            return at;
        }

        int middle = (first + last) / 2;
        nodes.Add(default);
        int left = Grow(isotonic, nodes, first, middle);
        int right = Grow(isotonic, nodes, middle + 1, last);
        nodes[at] = new TreeNode { Column = 0, Threshold = isotonic.Thresholds[middle], Left = left, Right = right };
        return at;
    }
}

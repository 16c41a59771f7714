using System.Globalization;
using System.Text.Json;
using ServerlessMlops.Learners.Boosting;
using ServerlessMlops.Learners.Calibration;
using ServerlessMlops.Learners.Encoding;
using ServerlessMlops.Learners.Linear;

namespace ServerlessMlops.Learners.Onnx;

/// <summary>
/// Writes a model, its encoders and its calibration as one ONNX file that any runtime of ai.onnx 15 and ai.onnx.ml 3 can run. The same model gives the
/// same bytes.
/// </summary>
/// <remarks>
/// <code>
/// one input a feature [N, 1]: float, NaN is missing; string, "" is missing
///   -> encoded columns [N, C] -> scores [N, K] -> calibration, link
///   -> probabilities [N, classes] and label [N] (two classes: by the decision threshold), or value [N, 1], with low and high [N, 1] where it has an interval
/// </code>
/// </remarks>
public static class OnnxWriter
{
    internal const string TaskKey = "mlops.task";
    internal const string ClassesKey = OnnxModel.ClassesMetadata;
    internal const string LearnerKey = "mlops.learner";
    internal const string MeansKey = "mlops.columnMeans";
    internal const string ThresholdKey = "mlops.threshold";
    internal const string IntervalKey = "mlops.interval";

    /// <summary>The file.</summary>
    public static byte[] Write(TrainedModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var graph = new OnnxGraphBuilder();
        foreach (ModelInput input in model.Inputs)
        {
            graph.Input(input.Name, input.Kind == InputKind.Number ? OnnxType.Float : OnnxType.String, -1, 1);
        }

        string scores = WriteScores(graph, model);
        string outputs = model.Calibrator is null
            ? LinkWriter.Write(graph, model.Link, scores)
            : CalibrationWriter.Write(graph, model.Calibrator, model.Link, scores);
        if (model.Task == LearningTask.Regression)
        {
            WriteInterval(graph, model.Interval, outputs);
            graph.Node("Identity", "", [outputs], "value");
            graph.Output("value", OnnxType.Float, -1, 1);
        }
        else
        {
            WriteClasses(graph, model, outputs);
        }

        graph.Metadata(TaskKey, model.Task.ToString());
        graph.Metadata(ClassesKey, JsonSerializer.Serialize(model.Classes));
        graph.Metadata(LearnerKey, model.Learner);
        if (model.ColumnMeans is { Count: > 0 } means)
        {
            graph.Metadata(MeansKey, JsonSerializer.Serialize(means));
        }

        if (!model.Threshold.Equals(0.5))
        {
            graph.Metadata(ThresholdKey, model.Threshold.ToString("R", CultureInfo.InvariantCulture));
        }

        if (model.Interval is { } interval)
        {
            graph.Metadata(IntervalKey, JsonSerializer.Serialize(interval));
        }

        return graph.ToBytes(model.Learner);
    }

    private static string WriteScores(OnnxGraphBuilder graph, TrainedModel model)
    {
        IReadOnlyList<EncodedColumn> columns = model.Columns;
        Predictor predictor = model.Predictor;
        if (predictor is TreeEnsemble { Trees.Count: 0 } empty)
        {
            predictor = new LinearPredictor([.. empty.BaseScores.Select(_ => new float[columns.Count])], [.. empty.BaseScores]);
        }

        if (columns.Count == 0)
        {
            // A graph learns the number of rows from an input, so a constant is written as a column of coefficient 0.
            var constant = (LinearPredictor)predictor;
            columns = [model.Inputs[0].Kind == InputKind.Number ? new MissingIndicator(0) : new CategoryLookup(0, new float[model.Inputs[0].Categories.Count], 0, 0)];
            predictor = new LinearPredictor([.. constant.Intercepts.Select(_ => new float[1])], [.. constant.Intercepts]);
        }

        return predictor switch
        {
            TreeEnsemble trees => TreeWriter.Write(graph, trees, columns, model.Inputs),
            LinearPredictor linear => graph.Node(
                "LinearRegressor", OnnxGraphBuilder.MlDomain, [EncoderWriter.Write(graph, columns, model.Inputs)],
                OnnxGraphBuilder.Attribute("coefficients", linear.Coefficients.SelectMany(row => row)),
                OnnxGraphBuilder.Attribute("intercepts", linear.Intercepts),
                OnnxGraphBuilder.Attribute("targets", linear.ScoreCount)),
            _ => throw new ArgumentException($"Predictor {predictor.GetType().Name} has no ONNX form; expected a tree ensemble or a linear predictor.", nameof(model)),
        };
    }

    private static void WriteClasses(OnnxGraphBuilder graph, TrainedModel model, string probabilities)
    {
        string positive = probabilities;
        if (model.Task == LearningTask.Binary)
        {
            string one = graph.Constant([1f], 1);
            string negative = graph.Node("Sub", "", [one, probabilities]);
            probabilities = graph.Node("Concat", "", [negative, probabilities], OnnxGraphBuilder.Attribute("axis", 1));
        }

        graph.Node("Identity", "", [probabilities], "probabilities");
        string best = model.Task == LearningTask.Binary && !model.Threshold.Equals(0.5)
            ? WriteDecision(graph, positive, (float)model.Threshold)
            : graph.Node("ArgMax", "", [probabilities], OnnxGraphBuilder.Attribute("axis", 1), OnnxGraphBuilder.Attribute("keepdims", 0));
        graph.Node("Gather", "", [graph.Constant(model.Classes), best], "label", OnnxGraphBuilder.Attribute("axis", 0));
        graph.Output("label", OnnxType.String, -1);
        graph.Output("probabilities", OnnxType.Float, -1, model.Classes.Count);
    }

    /// <summary>1 where the positive class is decided for, else 0.</summary>
    private static string WriteDecision(OnnxGraphBuilder graph, string positive, float threshold)
    {
        string pays = graph.Node("GreaterOrEqual", "", [positive, graph.Constant([threshold], 1)]);
        string column = graph.Node("Cast", "", [pays], OnnxGraphBuilder.Attribute("to", (int)OnnxType.Int64));
        return graph.Node("Reshape", "", [column, graph.Node("Constant", "", [], OnnxGraphBuilder.Attribute("value_ints", [-1L]))]);
    }

    /// <summary>The ends come before the value: readers that know no names take the last output.</summary>
    private static void WriteInterval(OnnxGraphBuilder graph, ConformalInterval? interval, string value)
    {
        if (interval is { } around)
        {
            string half = graph.Constant([(float)around.HalfWidth], 1);
            graph.Node("Sub", "", [value, half], "low");
            graph.Node("Add", "", [value, half], "high");
            graph.Output("low", OnnxType.Float, -1, 1);
            graph.Output("high", OnnxType.Float, -1, 1);
        }
    }
}

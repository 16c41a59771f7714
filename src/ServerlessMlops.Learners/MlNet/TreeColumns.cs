using Microsoft.ML.Calibrators;
using Microsoft.ML.Trainers.FastTree;
using ServerlessMlops.Learners.Boosting;
using ServerlessMlops.Learners.Encoding;

namespace ServerlessMlops.Learners.MlNet;

/// <summary>
/// The training table as ML.NET's trees see it. A missing number stands at the mean with an indicator beside it, a missing category at the overall
/// statistic: no NaN reaches a tree, so it does not matter which way ML.NET would have sent one.
/// </summary>
/// <param name="Columns">How the columns are made when a model is asked.</param>
/// <param name="Encoded">What training sees: categories out of fold.</param>
internal sealed record TreeColumns(List<EncodedColumn> Columns, float[][] Encoded)
{
    /// <summary>Columns for two classes or a number.</summary>
    public static TreeColumns Create(LearnerOptions options, MlNetProblem problem)
    {
        var columns = new List<EncodedColumn>();
        var encoded = new List<float[]>();
        FeatureTable x = problem.X;
        for (int i = 0; i < x.Features.Count; i++)
        {
            if (x.Features[i] is CategoricalFeature category)
            {
                CategoryLookup lookup = TargetStatistics.Fit(i, category, problem.Y, problem.Weights, options.CategoryOptions);
                columns.Add(lookup with { Missing = lookup.Unknown });
                encoded.Add(Finite(TargetStatistics.EncodeOutOfFold(category, problem.Y, problem.Weights, options.CategoryOptions, options.Seed), lookup.Unknown));
                continue;
            }

            float[] values = ((NumericFeature)x.Features[i]).Values;
            float mean = Mean(values);
            columns.Add(new Standardized(i, mean, 0, 1));
            encoded.Add(Finite(values, mean));
            if (values.Any(float.IsNaN))
            {
                columns.Add(new MissingIndicator(i));
                encoded.Add(Array.ConvertAll(values, v => float.IsNaN(v) ? 1f : 0f));
            }
        }

        return new TreeColumns(columns, [.. encoded]);
    }

    /// <summary>The trained trees as a model over these columns, which needs ML.NET no more.</summary>
    public TrainedModel ToModel(string learner, MlNetProblem problem, RegressionTreeEnsemble ensemble, PlattCalibrator? calibrator)
    {
        TreeEnsemble predictor = TreeConversion.Convert(ensemble, calibrator, Encoded);
        return new TrainedModel
        {
            Task = problem.Task, Learner = learner, Classes = problem.Classes, Inputs = problem.X.Inputs, Columns = Columns,
            Predictor = predictor, Link = problem.Task == LearningTask.Binary ? Link.Logistic : Link.Identity, Iterations = predictor.Trees.Count,
        };
    }

    /// <summary>A number that is infinite teaches trees nothing but how to divide by infinity when bins are made; it stands at the fill as well.</summary>
    private static float[] Finite(float[] values, float fill) => Array.ConvertAll(values, v => float.IsFinite(v) ? v : fill);

    private static float Mean(float[] values)
    {
        double sum = 0;
        int count = 0;
        foreach (float value in values)
        {
            if (float.IsFinite(value))
            {
                sum += value;
                count++;
            }
        }

        return count > 0 ? (float)(sum / count) : 0;
    }
}

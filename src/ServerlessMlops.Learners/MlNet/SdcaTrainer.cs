using Microsoft.ML;
using Microsoft.ML.Calibrators;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers;
using ServerlessMlops.Learners.Linear;

namespace ServerlessMlops.Learners.MlNet;

/// <summary>Linear models by ML.NET's stochastic dual coordinate ascent, on the same standardised columns as our own.</summary>
internal static class SdcaTrainer
{
    /// <summary>Gap between the primal and the dual, as a share of the loss, at which it ends; a tenth of ML.NET's default, which stops far from the optimum.</summary>
    private const float Tolerance = 0.01f;

    /// <summary>The least that ML.NET takes.</summary>
    private const double LeastL2 = 1e-7;

    /// <summary>Trains and converts.</summary>
    public static TrainedModel Train(LearnerOptions options, MlNetProblem problem, CancellationToken cancellation) => Fit(options, problem, cancellation).Model;

    /// <summary>Trains; gives ML.NET's own model and its rows as well. In a regression those are of the standardised target: value = offset + scale * score.</summary>
    internal static SdcaFit Fit(LearnerOptions options, MlNetProblem problem, CancellationToken cancellation)
    {
        var ml = new MLContext(options.Seed);
        LinearDesign design = LinearDesign.Create(problem.X, problem.Weights);
        (double offset, double scale) = problem.Task == LearningTask.Regression ? LinearTraining.Standardize(problem.Y, problem.Weights) : (0, 1);
        MlNetProblem fitted = problem.Task == LearningTask.Regression
            ? problem with { Y = Array.ConvertAll(problem.Y, v => (float)((v - offset) / scale)) }
            : problem;
        IDataView data = MlNetRows.Sparse(ml, design.Columns, design.Categories, fitted, cancellation);

        // The penalty of our own linear models. ML.NET weighs it against the mean loss, we against one row's.
        double rows = problem.Weights?.Sum(weight => (double)weight) ?? problem.Y.Length;
        float l2 = (float)Math.Max(LeastL2, options.LinearOptions.L2 / rows);
        (ITransformer original, double[][] coefficients) = problem.Task switch
        {
            LearningTask.Binary => Binary(ml, data, problem, l2),
            LearningTask.Multiclass => Multiclass(ml, data, problem, l2),
            _ => Regression(ml, data, problem, l2, offset, scale),
        };

        (List<Encoding.EncodedColumn> columns, LinearPredictor predictor) = design.Finish(coefficients);
        var model = new TrainedModel
        {
            Task = problem.Task, Learner = MlNetTrainers.Sdca, Classes = problem.Classes, Inputs = problem.X.Inputs, Columns = columns, Predictor = predictor,
            Link = problem.Task switch { LearningTask.Binary => Link.Logistic, LearningTask.Multiclass => Link.Softmax, _ => Link.Identity },
        };
        return new SdcaFit(model, original, data, offset, scale);
    }

    private static (ITransformer Original, double[][] Coefficients) Binary(MLContext ml, IDataView data, MlNetProblem problem, float l2)
    {
        var settings = new SdcaLogisticRegressionBinaryTrainer.Options { NumberOfThreads = 1, L2Regularization = l2, L1Regularization = 0, ConvergenceTolerance = Tolerance };
        Set(settings, problem);
        BinaryPredictionTransformer<CalibratedModelParametersBase<LinearBinaryModelParameters, PlattCalibrator>> fitted =
            ml.BinaryClassification.Trainers.SdcaLogisticRegression(settings).Fit(data);
        LinearBinaryModelParameters linear = fitted.Model.SubModel;
        (double slope, double intercept) = (-fitted.Model.Calibrator.Slope, -fitted.Model.Calibrator.Offset);
        return (fitted, [[.. linear.Weights.Select(w => slope * w), (slope * linear.Bias) + intercept]]);
    }

    private static (ITransformer Original, double[][] Coefficients) Multiclass(MLContext ml, IDataView data, MlNetProblem problem, float l2)
    {
        var settings = new SdcaMaximumEntropyMulticlassTrainer.Options { NumberOfThreads = 1, L2Regularization = l2, L1Regularization = 0, ConvergenceTolerance = Tolerance };
        Set(settings, problem);
        MulticlassPredictionTransformer<MaximumEntropyModelParameters> fitted = ml.MulticlassClassification.Trainers.SdcaMaximumEntropy(settings).Fit(data);
        VBuffer<float>[] weights = [];
        fitted.Model.GetWeights(ref weights, out int classes);
        float[] biases = [.. fitted.Model.GetBiases()];
        return (fitted, [.. Enumerable.Range(0, classes).Select(k => (double[])[.. weights[k].DenseValues().Select(w => (double)w), biases[k]])]);
    }

    private static (ITransformer Original, double[][] Coefficients) Regression(MLContext ml, IDataView data, MlNetProblem problem, float l2, double offset, double scale)
    {
        var settings = new SdcaRegressionTrainer.Options { NumberOfThreads = 1, L2Regularization = l2, L1Regularization = 0, ConvergenceTolerance = Tolerance };
        Set(settings, problem);
        RegressionPredictionTransformer<LinearRegressionModelParameters> fitted = ml.Regression.Trainers.Sdca(settings).Fit(data);
        return (fitted, [[.. fitted.Model.Weights.Select(w => scale * w), (scale * fitted.Model.Bias) + offset]]);
    }

    /// <summary>One thread each: with several, updates race, and the same data no longer give the same model.</summary>
    private static void Set(TrainerInputBaseWithWeight settings, MlNetProblem problem)
    {
        settings.LabelColumnName = MlNetRows.LabelOf(problem.Task);
        settings.FeatureColumnName = nameof(MlNetRow.Features);
        settings.ExampleWeightColumnName = MlNetRows.WeightOf(problem);
    }
}

/// <summary>What a training has made.</summary>
/// <param name="Model">Ours.</param>
/// <param name="Original">ML.NET's.</param>
/// <param name="Data">The rows it was trained on.</param>
/// <param name="Offset">Of the target.</param>
/// <param name="Scale">Of the target.</param>
internal sealed record SdcaFit(TrainedModel Model, ITransformer Original, IDataView Data, double Offset, double Scale);

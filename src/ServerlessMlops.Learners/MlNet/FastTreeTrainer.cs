using Microsoft.ML;
using Microsoft.ML.Calibrators;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers.FastTree;

namespace ServerlessMlops.Learners.MlNet;

/// <summary>Boosted trees by ML.NET's FastTree, with its default settings.</summary>
internal static class FastTreeTrainer
{
    /// <summary>Trains and converts.</summary>
    public static TrainedModel Train(LearnerOptions options, MlNetProblem problem, CancellationToken cancellation) => Fit(options, problem, cancellation).Model;

    /// <summary>Trains; gives ML.NET's own model as well.</summary>
    internal static (TrainedModel Model, ITransformer Original) Fit(LearnerOptions options, MlNetProblem problem, CancellationToken cancellation)
    {
        var ml = new MLContext(options.Seed);
        TreeColumns columns = TreeColumns.Create(options, problem);
        IDataView data = MlNetRows.Dense(ml, columns.Encoded, problem, cancellation);
        if (problem.Task == LearningTask.Binary)
        {
            var settings = new FastTreeBinaryTrainer.Options();
            Set(settings, options, problem);
            BinaryPredictionTransformer<CalibratedModelParametersBase<FastTreeBinaryModelParameters, PlattCalibrator>> fitted =
                ml.BinaryClassification.Trainers.FastTree(settings).Fit(data);
            return (columns.ToModel(MlNetTrainers.FastTree, problem, fitted.Model.SubModel.TrainedTreeEnsemble, fitted.Model.Calibrator), fitted);
        }

        var regression = new FastTreeRegressionTrainer.Options();
        Set(regression, options, problem);
        RegressionPredictionTransformer<FastTreeRegressionModelParameters> regressor = ml.Regression.Trainers.FastTree(regression).Fit(data);
        return (columns.ToModel(MlNetTrainers.FastTree, problem, regressor.Model.TrainedTreeEnsemble, null), regressor);
    }

    private static void Set(BoostedTreeOptions settings, LearnerOptions options, MlNetProblem problem)
    {
        settings.LabelColumnName = MlNetRows.LabelOf(problem.Task);
        settings.FeatureColumnName = nameof(MlNetRow.Features);
        settings.ExampleWeightColumnName = MlNetRows.WeightOf(problem);
        settings.Seed = options.Seed;
        settings.FeatureSelectionSeed = options.Seed;
        settings.NumberOfThreads = options.Threads;
    }
}

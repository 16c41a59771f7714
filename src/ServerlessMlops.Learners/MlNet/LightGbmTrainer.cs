using Microsoft.ML;
using Microsoft.ML.Calibrators;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers.FastTree;
using Microsoft.ML.Trainers.LightGbm;

namespace ServerlessMlops.Learners.MlNet;

/// <summary>Boosted trees by LightGBM through ML.NET, with its default settings.</summary>
internal static class LightGbmTrainer
{
    /// <summary>Trains and converts.</summary>
    public static TrainedModel Train(LearnerOptions options, MlNetProblem problem, CancellationToken cancellation)
    {
        var ml = new MLContext(options.Seed);
        TreeColumns columns = TreeColumns.Create(options, problem);
        IDataView data = MlNetRows.Dense(ml, columns.Encoded, problem, cancellation);
        (RegressionTreeEnsemble ensemble, PlattCalibrator? calibrator) = problem.Task == LearningTask.Binary ? Binary(ml, data, options, problem) : Regression(ml, data, options, problem);
        return columns.ToModel(MlNetTrainers.LightGbm, problem, ensemble, calibrator);
    }

    private static (RegressionTreeEnsemble Ensemble, PlattCalibrator? Calibrator) Binary(MLContext ml, IDataView data, LearnerOptions options, MlNetProblem problem)
    {
        CalibratedModelParametersBase<LightGbmBinaryModelParameters, PlattCalibrator> model = ml.BinaryClassification.Trainers.LightGbm(new LightGbmBinaryTrainer.Options
        {
            LabelColumnName = MlNetRows.LabelOf(problem.Task), FeatureColumnName = nameof(MlNetRow.Features), ExampleWeightColumnName = MlNetRows.WeightOf(problem),
            Seed = options.Seed, Deterministic = true, NumberOfThreads = options.Threads,
        }).Fit(data).Model;
        return (model.SubModel.TrainedTreeEnsemble, model.Calibrator);
    }

    private static (RegressionTreeEnsemble Ensemble, PlattCalibrator? Calibrator) Regression(MLContext ml, IDataView data, LearnerOptions options, MlNetProblem problem)
    {
        LightGbmRegressionModelParameters model = ml.Regression.Trainers.LightGbm(new LightGbmRegressionTrainer.Options
        {
            LabelColumnName = MlNetRows.LabelOf(problem.Task), FeatureColumnName = nameof(MlNetRow.Features), ExampleWeightColumnName = MlNetRows.WeightOf(problem),
            Seed = options.Seed, Deterministic = true, NumberOfThreads = options.Threads,
        }).Fit(data).Model;
        return (model.TrainedTreeEnsemble, null);
    }
}

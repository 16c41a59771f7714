using Microsoft.ML;
using Microsoft.ML.Data;
using ServerlessMlops.Learners.Boosting;
using ServerlessMlops.Learners.Encoding;
using ServerlessMlops.Learners.Metrics;
using ServerlessMlops.Learners.MlNet;
using ServerlessMlops.Learners.Onnx;

namespace ServerlessMlops.Learners.Tests.MlNet;

/// <summary>What ML.NET has learned says the same as a model of ours. Compiled with the published packages only (<c>AzurePackages=nuget</c>).</summary>
public class ConversionTests
{
    private const float Tolerance = 1e-5f;

    public static TheoryData<string, LearningTask, bool> All()
    {
        var data = new TheoryData<string, LearningTask, bool>();
        foreach (string trainer in MlNetTrainers.Available)
        {
            foreach (LearningTask task in Enum.GetValues<LearningTask>().Where(task => MlNetTrainers.FaultOf(trainer, task) is null))
            {
                data.Add(trainer, task, false);
                data.Add(trainer, task, true);
            }
        }

        return data;
    }

    [Theory]
    [InlineData(LearningTask.Binary, false)]
    [InlineData(LearningTask.Binary, true)]
    [InlineData(LearningTask.Regression, false)]
    [InlineData(LearningTask.Regression, true)]
    public void FastTree_Converted_PredictsWhatMlNetDoes(LearningTask task, bool weighted)
    {
        MlNetProblem problem = Problem(task, weighted);
        (TrainedModel model, ITransformer original) = FastTreeTrainer.Fit(new LearnerOptions { Name = MlNetTrainers.FastTree, Threads = 2 }, problem, default);

        var ml = new MLContext();
        IDataView rows = MlNetRows.Dense(ml, ColumnEncoder.Encode(model.Columns, model.Inputs, problem.X), problem, default);
        float[] theirs = [.. original.Transform(rows).GetColumn<float>(task == LearningTask.Binary ? "Probability" : "Score")];
        ShouldAgree(model.Predict(problem.X), theirs);
    }

    [Theory]
    [InlineData(LearningTask.Binary, false)]
    [InlineData(LearningTask.Binary, true)]
    [InlineData(LearningTask.Multiclass, false)]
    [InlineData(LearningTask.Regression, false)]
    [InlineData(LearningTask.Regression, true)]
    public void Sdca_Converted_PredictsWhatMlNetDoes(LearningTask task, bool weighted)
    {
        MlNetProblem problem = Problem(task, weighted);
        SdcaFit fit = SdcaTrainer.Fit(new LearnerOptions { Name = MlNetTrainers.Sdca }, problem, default);

        IDataView scored = fit.Original.Transform(fit.Data);
        float[] theirs = task switch
        {
            LearningTask.Binary => [.. scored.GetColumn<float>("Probability")],
            LearningTask.Multiclass => [.. scored.GetColumn<float[]>("Score").SelectMany(scores => scores)],
            _ => [.. scored.GetColumn<float>("Score").Select(score => (float)(fit.Offset + (fit.Scale * score)))],
        };
        ShouldAgree(fit.Model.Predict(problem.X), theirs);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Train_WrittenAsOnnxAndRead_PredictsTheSame(string trainer, LearningTask task, bool weighted)
    {
        MlNetProblem problem = Problem(task, weighted);
        TrainedModel model = Learner.Train(new LearnerOptions { Name = trainer, Threads = 2 }, problem.X, problem.Y, task, problem.Classes, problem.Weights);
        model.Learner.ShouldBe(trainer);

        ScoringModel scoring = OnnxModel.Load(OnnxWriter.Write(model));
        float[] expected = model.Predict(problem.X);
        var predicted = new float[expected.Length];
        scoring.PredictBatch(TestData.Vectors(scoring, problem.X), problem.X.Rows, predicted);
        predicted.ShouldBe(expected);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Train_OneOrThreeThreads_GivesTheSameBytes(string trainer, LearningTask task, bool weighted)
    {
        MlNetProblem problem = Problem(task, weighted);
        byte[] Train(int threads) => OnnxWriter.Write(
            Learner.Train(new LearnerOptions { Name = trainer, Threads = threads, Seed = 7 }, problem.X, problem.Y, task, problem.Classes, problem.Weights));
        Train(3).ShouldBe(Train(1));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Train_ARealPattern_BeatsTheBaseline(string trainer, LearningTask task, bool weighted)
    {
        MlNetProblem problem = Problem(task, weighted);
        TestData.Set test = TestData.Make(task, 2000, 2);
        double Loss(string name) => Metric.Evaluate(
            task, test.Classes.Length, test.Y,
            Learner.Train(new LearnerOptions { Name = name }, problem.X, problem.Y, task, problem.Classes, problem.Weights).Predict(test.X))[task == LearningTask.Regression ? "rmse" : "log_loss"];
        Loss(trainer).ShouldBeLessThan(0.97 * Loss(LearnerOptions.Baseline));
    }

    [Fact]
    public void Train_Covers_AreTheTrainingRows()
    {
        MlNetProblem problem = Problem(LearningTask.Binary, false);
        (TrainedModel model, _) = FastTreeTrainer.Fit(new LearnerOptions { Name = MlNetTrainers.FastTree }, problem, default);
        foreach (DecisionTree tree in ((TreeEnsemble)model.Predictor).Trees)
        {
            tree.Nodes[0].Cover.ShouldBe(problem.Y.Length);
            foreach (TreeNode node in tree.Nodes.Where(node => !node.IsLeaf))
            {
                (tree.Nodes[node.Left].Cover + tree.Nodes[node.Right].Cover).ShouldBe(node.Cover);
            }
        }
    }

    [Fact]
    public void Train_InfiniteAndConstantColumns_StillLearns()
    {
        TestData.Set set = TestData.Make(LearningTask.Binary, 500);
        float[] wild = [.. Enumerable.Range(0, 500).Select(row => row % 50 == 0 ? float.PositiveInfinity : row)], constant = new float[500], absent = new float[500];
        Array.Fill(absent, float.NaN);
        var table = new FeatureTable([.. set.X.Features, new NumericFeature("wild", wild), new NumericFeature("constant", constant), new NumericFeature("absent", absent)]);
        foreach (string trainer in MlNetTrainers.Available)
        {
            Learner.Train(new LearnerOptions { Name = trainer }, table, set.Y, set.Task, set.Classes).Predict(table).ShouldAllBe(p => p >= 0 && p <= 1);
        }
    }

    [Fact]
    public void Train_Cancelled_Ends()
    {
        MlNetProblem problem = Problem(LearningTask.Binary, false);
        foreach (string trainer in MlNetTrainers.Available)
        {
            Should.Throw<OperationCanceledException>(() => Learner.Train(
                new LearnerOptions { Name = trainer }, problem.X, problem.Y, problem.Task, problem.Classes, cancellation: new CancellationToken(true)));
        }
    }

    [Fact]
    public void Train_SeveralClassesByTrees_IsRefused()
    {
        TestData.Set set = TestData.Make(LearningTask.Multiclass, 100);
        Should.Throw<ArgumentException>(() => Learner.Train(new LearnerOptions { Name = MlNetTrainers.FastTree }, set.X, set.Y, set.Task, set.Classes))
            .Message.ShouldContain("'fasttree' learns two classes or a number");
    }

    private static MlNetProblem Problem(LearningTask task, bool weighted)
    {
        TestData.Set set = TestData.Make(task, 1500);
        return new MlNetProblem(set.X, set.Y, weighted ? [.. Enumerable.Range(0, 1500).Select(row => 0.5f + (row % 3))] : null, task, set.Classes);
    }

    private static void ShouldAgree(float[] ours, float[] theirs)
    {
        ours.Length.ShouldBe(theirs.Length);
        for (int i = 0; i < ours.Length; i++)
        {
            MathF.Abs(ours[i] - theirs[i]).ShouldBeLessThanOrEqualTo(Tolerance * MathF.Max(1, MathF.Abs(theirs[i])), $"output {i}");
        }
    }
}

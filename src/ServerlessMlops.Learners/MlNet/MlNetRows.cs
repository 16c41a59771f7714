using Microsoft.ML;
using Microsoft.ML.Data;

namespace ServerlessMlops.Learners.MlNet;

/// <summary>Columns as an <see cref="IDataView"/>, row by row: ML.NET reads it as often as a trainer asks, and no second copy of the data is kept here.</summary>
internal static class MlNetRows
{
    /// <summary>Rows of dense columns.</summary>
    /// <param name="ml">ML.NET's context.</param>
    /// <param name="columns">One array a feature.</param>
    /// <param name="problem">Labels and weights.</param>
    /// <param name="cancellation">Looked at before every row that is read: ML.NET's trainers take no token.</param>
    public static IDataView Dense(MLContext ml, float[][] columns, MlNetProblem problem, CancellationToken cancellation) =>
        View(ml, columns.Length, problem, row => new VBuffer<float>(columns.Length, Array.ConvertAll(columns, column => column[row])), cancellation);

    /// <summary>Rows of a few dense columns, then one 1 in the block of each category.</summary>
    /// <param name="ml">ML.NET's context.</param>
    /// <param name="columns">One array a dense feature.</param>
    /// <param name="categories">Level by row, and number of levels, of each category.</param>
    /// <param name="problem">Labels and weights.</param>
    /// <param name="cancellation">Looked at before every row that is read.</param>
    public static IDataView Sparse(
        MLContext ml, float[][] columns, IReadOnlyList<(int Input, int[] Levels, int Count)> categories, MlNetProblem problem, CancellationToken cancellation)
    {
        int width = columns.Length + categories.Sum(c => c.Count), stored = columns.Length + categories.Count;
        return View(ml, width, problem, Features, cancellation);

        VBuffer<float> Features(int row)
        {
            var values = new float[stored];
            var indices = new int[stored];
            for (int i = 0; i < columns.Length; i++)
            {
                (indices[i], values[i]) = (i, columns[i][row]);
            }

            int from = columns.Length;
            for (int i = 0; i < categories.Count; i++)
            {
                (indices[columns.Length + i], values[columns.Length + i]) = (from + categories[i].Levels[row], 1);
                from += categories[i].Count;
            }

            return new VBuffer<float>(width, stored, values, indices);
        }
    }

    /// <summary>Name of the label column for a task.</summary>
    public static string LabelOf(LearningTask task) => task switch
    {
        LearningTask.Binary => nameof(MlNetRow.IsPositive),
        LearningTask.Multiclass => nameof(MlNetRow.ClassNumber),
        _ => nameof(MlNetRow.Value),
    };

    /// <summary>Name of the weight column, or null where all rows weigh the same.</summary>
    public static string? WeightOf(MlNetProblem problem) => problem.Weights is null ? null : nameof(MlNetRow.Weight);

    private static IDataView View(MLContext ml, int width, MlNetProblem problem, Func<int, VBuffer<float>> features, CancellationToken cancellation)
    {
        SchemaDefinition schema = SchemaDefinition.Create(typeof(MlNetRow));
        schema[nameof(MlNetRow.Features)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, width);
        schema[nameof(MlNetRow.ClassNumber)].ColumnType = new KeyDataViewType(typeof(uint), Math.Max(2, problem.Classes.Count));
        return ml.Data.LoadFromEnumerable(Rows(problem, features, cancellation), schema);
    }

    private static IEnumerable<MlNetRow> Rows(MlNetProblem problem, Func<int, VBuffer<float>> features, CancellationToken cancellation)
    {
        for (int row = 0; row < problem.Y.Length; row++)
        {
            cancellation.ThrowIfCancellationRequested();
            yield return new MlNetRow
            {
                Features = features(row), Value = problem.Y[row], IsPositive = problem.Y[row] == 1,
                ClassNumber = problem.Task == LearningTask.Multiclass ? (uint)problem.Y[row] : 0, Weight = problem.Weights?[row] ?? 1,
            };
        }
    }
}

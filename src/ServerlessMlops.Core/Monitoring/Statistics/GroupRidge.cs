namespace ServerlessMlops.Core.Monitoring.Statistics;

/// <summary>
/// Ridge regression of a number on the groups that rows fall into: an intercept and one indicator for each group of each input. Sums are kept by fold (row number
/// modulo folds), so that leaving a fold out costs one more solution and no pass over the rows.
/// </summary>
internal sealed class GroupRidge
{
    private readonly int _size;
    private readonly int[][] _columns;
    private readonly double[] _values;
    private readonly int _folds;
    private readonly double[][,] _products;
    private readonly double[][] _right;

    /// <summary>Adds up the rows.</summary>
    /// <param name="groups">[input][row].</param>
    /// <param name="counts">Groups of each input.</param>
    /// <param name="values">What is to be explained, by row.</param>
    /// <param name="folds">Number of folds, at least 2.</param>
    public GroupRidge(int[][] groups, int[] counts, double[] values, int folds)
    {
        _size = 1 + counts.Sum();
        _values = values;
        _folds = folds;
        int from = 1;
        _columns = new int[groups.Length][];
        for (int input = 0; input < groups.Length; input++)
        {
            int offset = from;
            _columns[input] = [.. groups[input].Select(group => offset + group)];
            from += counts[input];
        }

        _products = [.. Enumerable.Range(0, folds).Select(_ => new double[_size, _size])];
        _right = [.. Enumerable.Range(0, folds).Select(_ => new double[_size])];
        var set = new int[groups.Length + 1];
        for (int row = 0; row < values.Length; row++)
        {
            for (int input = 0; input < _columns.Length; input++)
            {
                set[input + 1] = _columns[input][row];
            }

            (double[,] products, double[] right) = (_products[row % folds], _right[row % folds]);
            foreach (int i in set)
            {
                right[i] += values[row];
                foreach (int j in set)
                {
                    products[i, j]++;
                }
            }
        }
    }

    /// <summary>Mean squared error on folds that the solution has not seen.</summary>
    public double CrossValidated(double penalty) => Residuals(penalty).Average(residual => residual * residual);

    /// <summary>What is left of each row by the solution without its fold.</summary>
    public double[] Residuals(double penalty)
    {
        double[][] solutions = [.. Enumerable.Range(0, _folds).Select(fold => Solution(penalty, fold))];
        var residuals = new double[_values.Length];
        for (int row = 0; row < residuals.Length; row++)
        {
            double[] solution = solutions[row % _folds];
            residuals[row] = _values[row] - solution[0];
            foreach (int[] column in _columns)
            {
                residuals[row] -= solution[column[row]];
            }
        }

        return residuals;
    }

    /// <summary>The coefficients; the intercept first, and not penalised.</summary>
    /// <param name="penalty">Added to the diagonal: rows at the average that pull a group's coefficient to 0.</param>
    /// <param name="without">The fold to leave out; -1 is none.</param>
    public float[] Solve(double penalty, int without = -1) => [.. Solution(penalty, without).Select(value => (float)value)];

    private double[] Solution(double penalty, int without)
    {
        var matrix = new double[_size, _size];
        var right = new double[_size];
        for (int fold = 0; fold < _folds; fold++)
        {
            if (fold == without)
            {
                continue;
            }

            for (int i = 0; i < _size; i++)
            {
                right[i] += _right[fold][i];
                for (int j = 0; j <= i; j++)
                {
                    matrix[i, j] += _products[fold][i, j];
                }
            }
        }

        for (int i = 1; i < _size; i++)
        {
            matrix[i, i] += penalty;
        }

        return Cholesky(matrix, right);
    }

    // The matrix is positive definite: the penalty sees to the groups, rows to the intercept.
    private static double[] Cholesky(double[,] matrix, double[] right)
    {
        int size = right.Length;
        for (int j = 0; j < size; j++)
        {
            for (int i = j; i < size; i++)
            {
                double sum = matrix[i, j];
                for (int k = 0; k < j; k++)
                {
                    sum -= matrix[i, k] * matrix[j, k];
                }

                matrix[i, j] = i == j ? Math.Sqrt(Math.Max(sum, 1e-12)) : sum / matrix[j, j];
            }
        }

        for (int i = 0; i < size; i++)
        {
            for (int k = 0; k < i; k++)
            {
                right[i] -= matrix[i, k] * right[k];
            }

            right[i] /= matrix[i, i];
        }

        for (int i = size - 1; i >= 0; i--)
        {
            for (int k = i + 1; k < size; k++)
            {
                right[i] -= matrix[k, i] * right[k];
            }

            right[i] /= matrix[i, i];
        }

        return right;
    }
}

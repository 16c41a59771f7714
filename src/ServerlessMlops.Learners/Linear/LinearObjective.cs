namespace ServerlessMlops.Learners.Linear;

/// <summary>
/// Weighted mean loss of a linear model plus <c>l2 / (2 W) * |coefficients|^2</c>, W the sum of weights, and its gradient. Intercepts are not penalised.
/// </summary>
internal sealed class LinearObjective(LinearDesign design, float[] target, float[]? weights, LearningTask task, int scores, double l2, WorkCrew crew)
{
    private const int Chunk = 4096;

    private readonly double _totalWeight = weights?.Sum(w => (double)w) ?? target.Length;

    public int Size => design.Parameters * scores;

    /// <summary>Value at <paramref name="at"/>; writes the gradient. Chunks are fixed and added up in order: the same bits for any number of threads.</summary>
    public double Evaluate(double[] at, double[] gradient)
    {
        int chunks = (design.Rows + Chunk - 1) / Chunk;
        var partial = new double[Math.Max(1, chunks)][];
        var losses = new double[chunks];
        crew.Run(chunks, chunk =>
        {
            partial[chunk] = new double[Size];
            losses[chunk] = EvaluateChunk(at, partial[chunk], chunk * Chunk, Math.Min(design.Rows, (chunk + 1) * Chunk));
        });

        Array.Clear(gradient);
        for (int chunk = 0; chunk < chunks; chunk++)
        {
            for (int i = 0; i < gradient.Length; i++)
            {
                gradient[i] += partial[chunk][i];
            }
        }

        double penalty = 0;
        for (int i = 0; i < gradient.Length; i++)
        {
            bool intercept = (i + 1) % design.Parameters == 0;
            penalty += intercept ? 0 : at[i] * at[i];
            gradient[i] = (gradient[i] + (intercept ? 0 : l2 * at[i])) / _totalWeight;
        }

        return (losses.Sum() + (l2 / 2 * penalty)) / _totalWeight;
    }

    private double EvaluateChunk(double[] at, double[] gradient, int from, int to)
    {
        int rows = to - from;
        var score = new double[scores][];
        for (int k = 0; k < scores; k++)
        {
            score[k] = Score(at.AsSpan(k * design.Parameters, design.Parameters), from, rows);
        }

        double loss = Differentiate(score, from, rows);
        for (int k = 0; k < scores; k++)
        {
            Accumulate(score[k], gradient.AsSpan(k * design.Parameters, design.Parameters), from, rows);
        }

        return loss;
    }

    private double[] Score(ReadOnlySpan<double> at, int from, int rows)
    {
        var score = new double[rows];
        Array.Fill(score, at[^1]);
        for (int c = 0; c < design.Columns.Length; c++)
        {
            ReadOnlySpan<float> column = design.Columns[c].AsSpan(from, rows);
            double weight = at[c];
            for (int r = 0; r < rows; r++)
            {
                score[r] += weight * column[r];
            }
        }

        int offset = design.Columns.Length;
        foreach ((_, int[] levels, int count) in design.Categories)
        {
            for (int r = 0; r < rows; r++)
            {
                score[r] += at[offset + levels[from + r]];
            }

            offset += count;
        }

        return score;
    }

    private void Accumulate(double[] residual, Span<double> gradient, int from, int rows)
    {
        for (int c = 0; c < design.Columns.Length; c++)
        {
            ReadOnlySpan<float> column = design.Columns[c].AsSpan(from, rows);
            double sum = 0;
            for (int r = 0; r < rows; r++)
            {
                sum += residual[r] * column[r];
            }

            gradient[c] += sum;
        }

        int offset = design.Columns.Length;
        foreach ((_, int[] levels, int count) in design.Categories)
        {
            for (int r = 0; r < rows; r++)
            {
                gradient[offset + levels[from + r]] += residual[r];
            }

            offset += count;
        }

        gradient[^1] += residual.Sum();
    }

    /// <summary>Replaces scores by weighted derivatives of the loss in them; returns the weighted sum of losses.</summary>
    private double Differentiate(double[][] score, int from, int rows)
    {
        double loss = 0;
        for (int r = 0; r < rows; r++)
        {
            double weight = weights is null ? 1 : weights[from + r];
            double y = target[from + r];
            switch (task)
            {
                case LearningTask.Regression:
                    double error = score[0][r] - y;
                    loss += weight * error * error / 2;
                    score[0][r] = weight * error;
                    break;
                case LearningTask.Binary:
                    double s = score[0][r];
                    loss += weight * (Math.Max(s, 0) + Math.Log(1 + Math.Exp(-Math.Abs(s))) - (y * s));
                    score[0][r] = weight * ((1 / (1 + Math.Exp(-s))) - y);
                    break;
                default:
                    loss += weight * DifferentiateSoftmax(score, r, (int)y, weight);
                    break;
            }
        }

        return loss;
    }

    private double DifferentiateSoftmax(double[][] score, int row, int hit, double weight)
    {
        double max = double.NegativeInfinity, sum = 0;
        for (int k = 0; k < scores; k++)
        {
            max = Math.Max(max, score[k][row]);
        }

        for (int k = 0; k < scores; k++)
        {
            sum += Math.Exp(score[k][row] - max);
        }

        double loss = Math.Log(sum) + max - score[hit][row];
        for (int k = 0; k < scores; k++)
        {
            double p = Math.Exp(score[k][row] - max) / sum;
            score[k][row] = weight * (p - (k == hit ? 1 : 0));
        }

        return loss;
    }
}

namespace ServerlessMlops.Learners.Linear;

/// <summary>
/// Minimises a smooth convex function plus <c>sum_i penalty_i * |x_i|</c>: orthant-wise limited-memory quasi-Newton (Andrew and Gao, Scalable training of
/// L1-regularized log-linear models, ICML 2007). Within an orthant the penalty is linear; a step that would leave the orthant ends at its border, at
/// an exact zero.
/// </summary>
internal static class OrthantWise
{
    private const double SufficientDecrease = 1e-4;
    private const int MaxTrials = 60;

    /// <summary>Minimises from <paramref name="at"/>, which becomes the minimiser; returns the number of steps.</summary>
    /// <param name="objective">The smooth part.</param>
    /// <param name="penalty">By coordinate, at least 0.</param>
    /// <param name="at">Where to start.</param>
    /// <param name="maxIterations">Most steps.</param>
    /// <param name="tolerance">Stops when no entry of the steepest descent is larger.</param>
    /// <param name="report">Told after every step.</param>
    /// <param name="cancellation">Looked at before every step.</param>
    public static int Minimize(Objective objective, double[] penalty, double[] at, int maxIterations, double tolerance, Action<int> report, CancellationToken cancellation)
    {
        int n = at.Length;
        var gradient = new double[n];
        double value = objective(at, gradient) + Penalty(at, penalty);
        var history = new CurvatureHistory();
        for (int iteration = 0; iteration < maxIterations; iteration++)
        {
            cancellation.ThrowIfCancellationRequested();
            double[] steepest = PseudoGradient(at, gradient, penalty);
            if (steepest.Max(Math.Abs) <= tolerance)
            {
                return iteration;
            }

            double[] direction = Direction(steepest, penalty, history);
            double step = history.IsEmpty ? Math.Min(1, 1 / Math.Sqrt(Vectors.Dot(steepest, steepest))) : 1;
            var (next, nextGradient) = (new double[n], new double[n]);
            double? found = Search(objective, at, value, steepest, direction, penalty, step, next, nextGradient);
            if (found is null && history.IsEmpty)
            {
                return iteration;
            }

            if (found is null)
            {
                // What was learned of the curvature misleads here: once more, straight down.
                history.Clear();
                continue;
            }

            history.Add(at, next, gradient, nextGradient);
            next.CopyTo(at, 0);
            gradient = nextGradient;
            value = found.Value;
            report(iteration + 1);
        }

        return maxIterations;
    }

    /// <summary>The one-sided derivative of steepest descent with its sign turned; 0 where the function rises on both sides of a zero.</summary>
    private static double[] PseudoGradient(double[] at, double[] gradient, double[] penalty)
    {
        var pseudo = new double[at.Length];
        for (int i = 0; i < pseudo.Length; i++)
        {
            pseudo[i] = at[i] != 0
                ? gradient[i] + (Math.Sign(at[i]) * penalty[i])
                : gradient[i] < -penalty[i] ? gradient[i] + penalty[i]
                : gradient[i] > penalty[i] ? gradient[i] - penalty[i] : 0;
        }

        return pseudo;
    }

    /// <summary>The quasi-Newton direction without the penalised coordinates that it would move uphill.</summary>
    private static double[] Direction(double[] steepest, double[] penalty, CurvatureHistory history)
    {
        double[] direction = history.Direction(steepest);
        for (int i = 0; i < direction.Length; i++)
        {
            direction[i] = penalty[i] > 0 && direction[i] * steepest[i] >= 0 ? 0 : direction[i];
        }

        if (Vectors.Dot(direction, steepest) < 0)
        {
            return direction;
        }

        history.Clear();
        return history.Direction(steepest);
    }

    private static double? Search(
        Objective objective, double[] at, double value, double[] steepest, double[] direction, double[] penalty, double step, double[] next, double[] nextGradient)
    {
        for (int trial = 0; trial < MaxTrials; trial++, step /= 2)
        {
            double slope = 0;
            for (int i = 0; i < next.Length; i++)
            {
                double side = at[i] != 0 ? Math.Sign(at[i]) : -Math.Sign(steepest[i]);
                double moved = at[i] + (step * direction[i]);
                next[i] = penalty[i] > 0 && moved * side <= 0 ? 0 : moved;
                slope += steepest[i] * (next[i] - at[i]);
            }

            double nextValue = objective(next, nextGradient) + Penalty(next, penalty);
            if (nextValue <= value + (SufficientDecrease * slope) && slope < 0)
            {
                return nextValue;
            }
        }

        return null;
    }

    private static double Penalty(double[] at, double[] penalty)
    {
        double sum = 0;
        for (int i = 0; i < at.Length; i++)
        {
            sum += penalty[i] * Math.Abs(at[i]);
        }

        return sum;
    }
}

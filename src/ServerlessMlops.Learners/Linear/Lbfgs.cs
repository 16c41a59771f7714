namespace ServerlessMlops.Learners.Linear;

/// <summary>Writes the gradient at a point and returns the value.</summary>
internal delegate double Objective(double[] at, double[] gradient);

/// <summary>
/// Minimises a smooth convex function from its gradient: limited-memory BFGS (<see cref="CurvatureHistory"/>), with a line search for the weak Wolfe
/// conditions by bisection, which keeps every curvature pair positive.
/// </summary>
internal static class Lbfgs
{
    private const double SufficientDecrease = 1e-4;
    private const double Curvature = 0.9;
    private const int MaxTrials = 40;

    /// <summary>Minimises from <paramref name="at"/>, which becomes the minimiser; returns the number of steps.</summary>
    public static int Minimize(Objective objective, double[] at, int maxIterations, double tolerance, Action<int> report, CancellationToken cancellation)
    {
        int n = at.Length;
        var gradient = new double[n];
        double value = objective(at, gradient);
        var history = new CurvatureHistory();
        for (int iteration = 0; iteration < maxIterations; iteration++)
        {
            cancellation.ThrowIfCancellationRequested();
            if (gradient.Max(Math.Abs) <= tolerance)
            {
                return iteration;
            }

            double[] direction = history.Direction(gradient);
            var (next, nextGradient) = (new double[n], new double[n]);
            double first = history.IsEmpty ? Math.Min(1, 1 / Math.Sqrt(Vectors.Dot(gradient, gradient))) : 1;
            double? found = Search(objective, at, value, gradient, direction, first, next, nextGradient);
            if (found is null)
            {
                return iteration;
            }

            history.Add(at, next, gradient, nextGradient);
            next.CopyTo(at, 0);
            gradient = nextGradient;
            value = found.Value;
            report(iteration + 1);
        }

        return maxIterations;
    }

    /// <summary>Finds a step of sufficient decrease and curvature; null if the function no longer falls measurably.</summary>
    private static double? Search(
        Objective objective, double[] at, double value, double[] gradient, double[] direction, double step, double[] next, double[] nextGradient)
    {
        double slope = Vectors.Dot(gradient, direction), low = 0, high = double.PositiveInfinity;
        for (int trial = 0; trial < MaxTrials; trial++)
        {
            for (int i = 0; i < at.Length; i++)
            {
                next[i] = at[i] + (step * direction[i]);
            }

            double nextValue = objective(next, nextGradient);
            if (!(nextValue <= value + (SufficientDecrease * step * slope)))
            {
                high = step;
            }
            else if (Vectors.Dot(nextGradient, direction) < Curvature * slope)
            {
                low = step;
            }
            else
            {
                return nextValue;
            }

            step = double.IsInfinity(high) ? 2 * low : (low + high) / 2;
        }

        return null;
    }
}

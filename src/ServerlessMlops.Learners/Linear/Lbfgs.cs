namespace ServerlessMlops.Learners.Linear;

/// <summary>Writes the gradient at a point and returns the value.</summary>
internal delegate double Objective(double[] at, double[] gradient);

/// <summary>
/// Minimises a smooth convex function from its gradient: limited-memory BFGS, two-loop recursion (Nocedal and Wright, Numerical Optimization, 2nd ed.,
/// algorithm 7.4), with a line search for the weak Wolfe conditions by bisection, which keeps every curvature pair positive.
/// </summary>
internal static class Lbfgs
{
    private const int Memory = 10;
    private const double SufficientDecrease = 1e-4;
    private const double Curvature = 0.9;
    private const int MaxTrials = 40;

    /// <summary>Minimises from <paramref name="at"/>, which becomes the minimiser; returns the number of steps.</summary>
    public static int Minimize(Objective objective, double[] at, int maxIterations, double tolerance, Action<int> report, CancellationToken cancellation)
    {
        int n = at.Length;
        var gradient = new double[n];
        double value = objective(at, gradient);
        var pairs = new LinkedList<(double[] Step, double[] Change, double Rho)>();
        for (int iteration = 0; iteration < maxIterations; iteration++)
        {
            cancellation.ThrowIfCancellationRequested();
            if (gradient.Max(Math.Abs) <= tolerance)
            {
                return iteration;
            }

            double[] direction = Direction(gradient, pairs);
            var (next, nextGradient) = (new double[n], new double[n]);
            double first = pairs.Count == 0 ? Math.Min(1, 1 / Math.Sqrt(Dot(gradient, gradient))) : 1;
            double? found = Search(objective, at, value, gradient, direction, first, next, nextGradient);
            if (found is null)
            {
                return iteration;
            }

            var step = new double[n];
            var change = new double[n];
            for (int i = 0; i < n; i++)
            {
                step[i] = next[i] - at[i];
                change[i] = nextGradient[i] - gradient[i];
            }

            double curvature = Dot(step, change);
            if (curvature > 1e-300)
            {
                pairs.AddLast((step, change, 1 / curvature));
                if (pairs.Count > Memory)
                {
                    pairs.RemoveFirst();
                }
            }

            next.CopyTo(at, 0);
            gradient = nextGradient;
            value = found.Value;
            report(iteration + 1);
        }

        return maxIterations;
    }

    private static double[] Direction(double[] gradient, LinkedList<(double[] Step, double[] Change, double Rho)> pairs)
    {
        double[] q = [.. gradient.Select(g => -g)];
        var alphas = new Stack<double>();
        for (var node = pairs.Last; node is not null; node = node.Previous)
        {
            double alpha = node.Value.Rho * Dot(node.Value.Step, q);
            alphas.Push(alpha);
            AddScaled(q, node.Value.Change, -alpha);
        }

        if (pairs.Last is { } last)
        {
            double scale = 1 / (last.Value.Rho * Dot(last.Value.Change, last.Value.Change));
            for (int i = 0; i < q.Length; i++)
            {
                q[i] *= scale;
            }
        }

        for (var node = pairs.First; node is not null; node = node.Next)
        {
            double beta = node.Value.Rho * Dot(node.Value.Change, q);
            AddScaled(q, node.Value.Step, alphas.Pop() - beta);
        }

        return q;
    }

    /// <summary>Finds a step of sufficient decrease and curvature; null if the function no longer falls measurably.</summary>
    private static double? Search(
        Objective objective, double[] at, double value, double[] gradient, double[] direction, double step, double[] next, double[] nextGradient)
    {
        double slope = Dot(gradient, direction), low = 0, high = double.PositiveInfinity;
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
            else if (Dot(nextGradient, direction) < Curvature * slope)
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

    private static double Dot(double[] a, double[] b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }

    private static void AddScaled(double[] to, double[] from, double factor)
    {
        for (int i = 0; i < to.Length; i++)
        {
            to[i] += factor * from[i];
        }
    }
}

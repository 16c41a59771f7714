namespace ServerlessMlops.Learners.Linear;

/// <summary>
/// The last steps of an optimiser and what they changed in the gradient, which stand for the inverse Hessian: limited-memory BFGS, two-loop recursion
/// (Nocedal and Wright, Numerical Optimization, 2nd ed., algorithm 7.4).
/// </summary>
internal sealed class CurvatureHistory
{
    private const int Memory = 10;

    private readonly LinkedList<(double[] Step, double[] Change, double Rho)> _pairs = new();

    public bool IsEmpty => _pairs.Count == 0;

    public void Clear() => _pairs.Clear();

    /// <summary>Remembers a step, if the function curves upwards along it.</summary>
    public void Add(double[] from, double[] to, double[] gradient, double[] nextGradient)
    {
        var step = new double[from.Length];
        var change = new double[from.Length];
        for (int i = 0; i < step.Length; i++)
        {
            step[i] = to[i] - from[i];
            change[i] = nextGradient[i] - gradient[i];
        }

        double curvature = Vectors.Dot(step, change);
        if (curvature > 1e-300)
        {
            _pairs.AddLast((step, change, 1 / curvature));
            if (_pairs.Count > Memory)
            {
                _pairs.RemoveFirst();
            }
        }
    }

    /// <summary>Less the inverse Hessian times <paramref name="gradient"/>.</summary>
    public double[] Direction(double[] gradient)
    {
        double[] q = [.. gradient.Select(g => -g)];
        var alphas = new Stack<double>();
        for (var node = _pairs.Last; node is not null; node = node.Previous)
        {
            double alpha = node.Value.Rho * Vectors.Dot(node.Value.Step, q);
            alphas.Push(alpha);
            Vectors.AddScaled(q, node.Value.Change, -alpha);
        }

        if (_pairs.Last is { } last)
        {
            double scale = 1 / (last.Value.Rho * Vectors.Dot(last.Value.Change, last.Value.Change));
            for (int i = 0; i < q.Length; i++)
            {
                q[i] *= scale;
            }
        }

        for (var node = _pairs.First; node is not null; node = node.Next)
        {
            double beta = node.Value.Rho * Vectors.Dot(node.Value.Change, q);
            Vectors.AddScaled(q, node.Value.Step, alphas.Pop() - beta);
        }

        return q;
    }
}

namespace ServerlessMlops.Core.Monitoring.Statistics;

/// <summary>Tails and quantiles of the distributions that the tests need, to about 12 digits.</summary>
public static class Distributions
{
    private const int MaxIterations = 10_000;
    private const double Epsilon = 1e-16;

    // Lanczos approximation of the gamma function with g = 7 and nine terms (Lanczos 1964; coefficients by Godfrey 2001).
    private static readonly double[] Lanczos =
    [
        0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
        12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
    ];

    /// <summary>Logarithm of the gamma function of <paramref name="x"/> &gt; 0.</summary>
    public static double LogGamma(double x)
    {
        if (x < 0.5)
        {
            return Math.Log(Math.PI / Math.Sin(Math.PI * x)) - LogGamma(1 - x);
        }

        x -= 1;
        double sum = Lanczos[0];
        for (int i = 1; i < Lanczos.Length; i++)
        {
            sum += Lanczos[i] / (x + i);
        }

        double t = x + 7.5;
        return (0.5 * Math.Log(2 * Math.PI)) + ((x + 0.5) * Math.Log(t)) - t + Math.Log(sum);
    }

    /// <summary>Regularised upper incomplete gamma function Q(a, x): series below the mean, continued fraction (Lentz) above.</summary>
    public static double GammaQ(double a, double x)
    {
        if (x <= 0)
        {
            return 1;
        }

        double scale = Math.Exp((a * Math.Log(x)) - x - LogGamma(a));
        if (x < a + 1)
        {
            double term = 1 / a;
            double sum = term;
            for (int i = 1; i < MaxIterations && Math.Abs(term) > Math.Abs(sum) * Epsilon; i++)
            {
                term *= x / (a + i);
                sum += term;
            }

            return Math.Clamp(1 - (sum * scale), 0, 1);
        }

        const double Tiny = 1e-300;
        double b = x + 1 - a;
        double c = 1 / Tiny;
        double d = 1 / b;
        double fraction = d;
        for (int i = 1; i < MaxIterations; i++)
        {
            double an = -i * (i - a);
            b += 2;
            d = 1 / NotZero((an * d) + b);
            c = NotZero(b + (an / c));
            double delta = d * c;
            fraction *= delta;
            if (Math.Abs(delta - 1) < 1e-14)
            {
                break;
            }
        }

        return Math.Clamp(scale * fraction, 0, 1);

        static double NotZero(double value) => Math.Abs(value) < Tiny ? Tiny : value;
    }

    /// <summary>P(X &gt; <paramref name="x"/>) of a chi-square distribution; 1 with no degrees of freedom.</summary>
    public static double ChiSquareTail(double x, int degreesOfFreedom) => degreesOfFreedom <= 0 ? 1 : GammaQ(degreesOfFreedom / 2.0, x / 2);

    /// <summary>The x whose chi-square tail is <paramref name="tail"/> (0 to 1, exclusive), by bisection.</summary>
    public static double ChiSquareQuantile(double tail, int degreesOfFreedom)
    {
        double low = 0;
        double high = degreesOfFreedom + 10;
        while (ChiSquareTail(high, degreesOfFreedom) > tail)
        {
            high *= 2;
        }

        for (int i = 0; i < 200 && high - low > 1e-12 * high; i++)
        {
            double middle = (low + high) / 2;
            if (ChiSquareTail(middle, degreesOfFreedom) > tail)
            {
                low = middle;
            }
            else
            {
                high = middle;
            }
        }

        return (low + high) / 2;
    }

    /// <summary>P(K &gt; <paramref name="x"/>) of Kolmogorov's distribution, the limit of sqrt(n) D.</summary>
    public static double KolmogorovTail(double x)
    {
        if (x <= 0)
        {
            return 1;
        }

        // Two series of the same function: the theta function's converges fast below 1, the alternating one above.
        if (x < 1)
        {
            double factor = Math.Sqrt(2 * Math.PI) / x;
            double sum = 0;
            for (int k = 1; k <= 20; k++)
            {
                double odd = (2 * k) - 1;
                sum += Math.Exp(-(odd * odd) * Math.PI * Math.PI / (8 * x * x));
            }

            return Math.Clamp(1 - (factor * sum), 0, 1);
        }

        double tail = 0;
        for (int k = 1; k <= 100; k++)
        {
            double term = Math.Exp(-2.0 * k * k * x * x);
            tail += k % 2 == 1 ? term : -term;
        }

        return Math.Clamp(2 * tail, 0, 1);
    }

    /// <summary>P(Z &gt; <paramref name="z"/>) of the standard normal distribution.</summary>
    public static double NormalTail(double z) => z >= 0 ? GammaQ(0.5, z * z / 2) / 2 : 1 - (GammaQ(0.5, z * z / 2) / 2);
}

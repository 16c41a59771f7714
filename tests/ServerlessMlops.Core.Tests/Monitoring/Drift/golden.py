"""Makes golden.json: what SciPy and NumPy say of the drift statistics, for DriftStatisticsTests. Run: python3 golden.py > golden.json

Group counts are drawn with a fixed seed. Numbers: piecewise-uniform densities between the knots, so that the Wasserstein distance can be
had by numerical integration of |F - G| on a fine grid that contains every knot (integrand linear between grid points, crossings aside).
"""
import json

import numpy as np
from scipy import special, stats
from scipy.spatial import distance

rng = np.random.default_rng(20260301)


def correct(p):
    """Benjamini-Hochberg by its definition, quadratic."""
    m = len(p)
    order = sorted(p)
    return [min(1.0, min(order[j] * m / (j + 1) for j in range(m) if order[j] >= x)) for x in p]


def case(groups, rows, live_rows, tilt, missing):
    weights = rng.dirichlet(np.full(groups, 5.0))
    moved = weights * np.exp(tilt * np.linspace(-1, 1, groups))
    moved /= moved.sum()
    reference = [*rng.multinomial(rows, weights).tolist(), missing[0]]
    live = [*rng.multinomial(live_rows, moved).tolist(), missing[1]]
    knots = np.sort(rng.uniform(-5, 20, groups + 1))
    r, v = np.array(reference, float), np.array(live, float)
    keep = (r + v) > 0
    r, v = r[keep], v[keep]
    n, m = r.sum(), v.sum()
    size = n * m / (n + m)
    dof = len(r) - 1
    p = (r + 0.5) / (n + 0.5 * len(r))
    q = (v + 0.5) / (m + 0.5 * len(v))
    psi = float(stats.entropy(q, p) + stats.entropy(p, q))
    js = float(distance.jensenshannon(r, v, base=2))
    chi2, chi2_p, _, _ = stats.chi2_contingency(np.array([r, v]), correction=False)
    balanced, _, _, _ = stats.chi2_contingency(np.array([r / n, v / m]) * 1000, correction=False)

    a, b = np.array(reference[:-1], float), np.array(live[:-1], float)
    f, g = np.cumsum(a) / a.sum(), np.cumsum(b) / b.sum()
    ks = float(np.max(np.abs(f - g)))
    ks_p = float(special.kolmogorov(np.sqrt(a.sum() * b.sum() / (a.sum() + b.sum())) * ks))
    grid = np.unique(np.concatenate([np.linspace(x, y, 20001) for x, y in zip(knots, knots[1:])]))
    diff = np.abs(np.interp(grid, knots, [0, *f]) - np.interp(grid, knots, [0, *g]))
    density = np.interp(grid, knots, [0, *f])
    mids, masses = (grid[1:] + grid[:-1]) / 2, np.diff(density)
    deviation = np.sqrt((masses * mids**2).sum() - (masses * mids).sum() ** 2)
    return {
        "reference": reference,
        "live": live,
        "knots": knots.tolist(),
        "psi": [psi, float(stats.chi2.sf(psi * size, dof))],
        "jensenShannon": [js, float(stats.chi2.sf(8 * js**2 * np.log(2) * size, dof))],
        "chiSquare": [float(np.sqrt(balanced / 2000)), float(chi2_p)],
        "ks": [ks, ks_p],
        "wasserstein": [float(np.trapezoid(diff, grid) if hasattr(np, "trapezoid") else np.trapz(diff, grid)) / float(deviation), ks_p],
    }


cases = [
    case(10, 5000, 800, 0.0, (0, 0)),
    case(20, 8000, 2000, 0.1, (40, 12)),
    case(20, 8000, 2000, 0.5, (0, 90)),
    case(20, 100000, 50000, 0.02, (10, 10)),
    case(2, 300, 60, 1.0, (0, 0)),
    case(8, 600, 150, 2.5, (3, 0)),
]
raw = [0.0001, 0.04, 0.03, 0.9, 0.03, 0.5, 0.0004, 1.0]
print(json.dumps({
    "cases": cases,
    "chiSquareTail": [[x, k, float(stats.chi2.sf(x, k))] for x, k in [(0.1, 1), (3.84, 1), (10, 9), (30, 20), (5, 20), (80, 20), (400, 20), (0.5, 60), (1000, 900)]],
    "kolmogorovTail": [[x, float(special.kolmogorov(x))] for x in (0.1, 0.3, 0.5, 0.8, 0.99, 1.0, 1.2, 1.5, 2.0, 3.0)],
    "normalTail": [[x, float(stats.norm.sf(x))] for x in (-3, -1, 0, 0.5, 1.6448536, 3, 6)],
    "corrected": {"raw": raw, "adjusted": correct(raw)},
}, indent=1))

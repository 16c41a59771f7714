"""Writes golden.json: what scikit-learn 1.2 gives for small inputs. Run with Debian's python3 and python3-sklearn:

    /usr/bin/python3 tests/ServerlessMlops.Learners.Tests/Golden/make_golden.py
"""
import json
import os

import numpy as np
from sklearn import datasets, isotonic, linear_model, metrics, preprocessing

rng = np.random.default_rng(7)
n = 60
y = (rng.random(n) < 0.4).astype(int)
p = np.round(np.clip(0.3 * y + 0.7 * rng.random(n), 0.01, 0.99), 2)  # rounded: ties
w = np.round(rng.random(n) + 0.1, 3)
y3 = rng.integers(0, 3, n)
p3 = rng.dirichlet([1, 1, 1], n).astype("f4").astype(float)
t = np.round(rng.normal(size=n) * 3 + 10, 3)
r = np.round(t + rng.normal(size=n), 3)
count = rng.poisson(2, n)


def both(function, a, b, **kw):
    return [float(function(a, b, **kw)), float(function(a, b, sample_weight=w, **kw))]


d = (p >= 0.5).astype(int)
golden = dict(
    binary=dict(y=y.tolist(), p=p.tolist(), w=w.tolist(),
                auc=both(metrics.roc_auc_score, y, p), pr_auc=both(metrics.average_precision_score, y, p),
                log_loss=both(metrics.log_loss, y, p), brier=both(metrics.brier_score_loss, y, p),
                accuracy=both(metrics.accuracy_score, y, d), f1=both(metrics.f1_score, y, d), mcc=both(metrics.matthews_corrcoef, y, d)),
    multiclass=dict(y=y3.tolist(), p=p3.ravel().tolist(), w=w.tolist(),
                    log_loss=both(metrics.log_loss, y3, p3), accuracy=both(metrics.accuracy_score, y3, p3.argmax(1)),
                    f1=both(metrics.f1_score, y3, p3.argmax(1), average="macro"), mcc=both(metrics.matthews_corrcoef, y3, p3.argmax(1))),
    regression=dict(y=t.tolist(), p=r.tolist(), w=w.tolist(),
                    rmse=both(metrics.mean_squared_error, t, r, squared=False), mae=both(metrics.mean_absolute_error, t, r),
                    mape=both(metrics.mean_absolute_percentage_error, t, r), r2=both(metrics.r2_score, t, r)),
    pinball=both(metrics.mean_pinball_loss, t, r, alpha=0.9),
    poisson=dict(y=count.tolist(), deviance=both(metrics.mean_poisson_deviance, count, np.abs(r))),
)

# Linear models on standardised columns; scikit-learn's C is one over our L2, its alpha for ridge is ours times the variance of the target's scale.
x, target = datasets.load_diabetes(return_X_y=True)
x = x[:200, :5].astype("f4").astype(float)
target = target[:200]
scaled = preprocessing.StandardScaler().fit_transform(x)
ridge = linear_model.Ridge(alpha=2.0, tol=1e-12, solver="cholesky").fit(scaled, target)
label = (target > 140).astype(int)
logistic = linear_model.LogisticRegression(C=0.5, tol=1e-10, max_iter=1000).fit(scaled, label)
three = np.digitize(target, [100, 180])
softmax = linear_model.LogisticRegression(C=0.5, tol=1e-10, max_iter=1000, multi_class="multinomial").fit(scaled, three)
golden["linear"] = dict(columns=x.T.tolist(), target=target.tolist(), label=label.tolist(), three=three.tolist(), l2=2.0,
                        ridge=ridge.predict(scaled).tolist(), logistic=logistic.predict_proba(scaled)[:, 1].tolist(),
                        softmax=softmax.predict_proba(scaled).ravel().tolist())

# Elastic net: scikit-learn's alpha * l1_ratio is our L1 times the target's deviation over the rows, alpha * (1 - l1_ratio) our L2 over the rows.
l1, l2, rows = 12.0, 2.0, len(scaled)
lasso, ridge_part = l1 * target.std() / rows, l2 / rows
net = linear_model.ElasticNet(alpha=lasso + ridge_part, l1_ratio=lasso / (lasso + ridge_part), tol=1e-12, max_iter=100_000).fit(scaled, target)
mixed = dict(penalty="elasticnet", solver="saga", C=1 / (l1 + l2), l1_ratio=l1 / (l1 + l2), tol=1e-10, max_iter=100_000)
net_logistic = linear_model.LogisticRegression(**mixed).fit(scaled, label)
net_softmax = linear_model.LogisticRegression(multi_class="multinomial", **mixed).fit(scaled, three)
golden["elasticNet"] = dict(l1=l1, l2=l2, zeros=[int((m.coef_ == 0).sum()) for m in (net, net_logistic, net_softmax)], target=net.predict(scaled).tolist(),
                            label=net_logistic.predict_proba(scaled)[:, 1].tolist(), three=net_softmax.predict_proba(scaled).ravel().tolist())

# Isotonic regression at its own points: there step function and interpolation agree.
score = np.unique(np.round(rng.normal(size=80), 2))
truth = (rng.random(len(score)) < 1 / (1 + np.exp(-score))).astype(int)
golden["isotonic"] = dict(score=score.tolist(), y=truth.tolist(), p=isotonic.IsotonicRegression().fit_transform(score, truth).tolist())

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden.json"), "w") as file:
    json.dump(golden, file, separators=(",", ":"))
    file.write("\n")

"""Boosting against scikit-learn and xgboost: same machine, same run, same settings (100 trees, 31 leaves, rate 0.1, 255 bins).

    /usr/bin/python3 tests/ServerlessMlops.Benchmarks/Learners/compare.py [DATA ...] [--rounds N] [--threads N]

Needs Debian's python3-sklearn and python3-xgboost, and the .NET SDK. Data that cannot be had here (a package that is not installed) is left out with a
line that says so. The engines take turns, round by round, each in a process of its own; the table shows the best round of each, since whatever
else the machine does can only make a round slower.
"""
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
PROJECT = os.path.dirname(HERE)
REPOSITORY = os.path.dirname(os.path.dirname(PROJECT))


def split(x, y, task, names=None, categories=None, last=None):
    """Every 5th row is held out, or the last rows."""
    test = np.zeros(len(y), bool)
    if last:
        test[-last:] = True
    else:
        test[::5] = True
    return dict(task=task, names=names or [f"x{i}" for i in range(x.shape[1])], categories=categories or {},
                train=(x[~test], y[~test]), test=(x[test], y[test]))


def synth(rows=1_000_000):
    from sklearn.datasets import make_classification
    x, y = make_classification(rows + 200_000, n_features=20, n_informative=12, n_redundant=4, n_clusters_per_class=4,
                               flip_y=0.05, class_sep=0.7, random_state=7)
    return split(x.astype("f4"), y, "Binary", last=200_000)


def bundled(name, task):
    from sklearn import datasets
    x, y = getattr(datasets, "load_" + name)(return_X_y=True)
    return split(x.astype("f4"), y, task)


def table(path, target, task, positive=None, drop=()):
    """A CSV file: columns that are numbers throughout (or empty) are numbers, others categories; empty means missing."""
    import csv
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    names = [n for n in rows[0] if n != target and n not in drop]
    columns, categories = [], {}
    for name in names:
        texts = [r[name] for r in rows]
        try:
            columns.append(np.array([float(t) if t else np.nan for t in texts], "f4"))
        except ValueError:
            categories[name] = sorted({t for t in texts if t})
            code = {c: i for i, c in enumerate(categories[name])}
            columns.append(np.array([code.get(t, np.nan) for t in texts], "f4"))
    y = np.array([r[target] == positive if positive else float(r[target]) for r in rows])
    return split(np.column_stack(columns), y, task, names, categories)


def birdstrikes():
    import glob
    path = os.path.join(tempfile.mkdtemp(), "birdstrikes.csv")
    with open(path, "w") as out:
        for i, part in enumerate(sorted(glob.glob(os.path.join(REPOSITORY, "samples/birdstrikes/uploads/*.csv")))):
            with open(part) as file:
                out.writelines(line for j, line in enumerate(file) if j or not i)
    return table(path, "damaged", "Binary", "true", drop=("strike_id", "flight_date"))


def rdata(package, name, target, task, positive=None):
    """A data set of an R package, Debian's r-cran-ggplot2 or r-cran-modeldata."""
    path = os.path.join(tempfile.mkdtemp(), name + ".csv")
    subprocess.run(["Rscript", "-e", f"write.csv({package}::{name}, '{path}', row.names=FALSE, na='')"], check=True, capture_output=True)
    return table(path, target, task, positive)


DATA = {
    "synth": synth,
    "synth200k": lambda: synth(200_000),
    "birdstrikes": birdstrikes,
    "breast_cancer": lambda: bundled("breast_cancer", "Binary"),
    "digits": lambda: bundled("digits", "Multiclass"),
    "wine": lambda: bundled("wine", "Multiclass"),
    "diabetes": lambda: bundled("diabetes", "Regression"),
    "diamonds": lambda: rdata("ggplot2", "diamonds", "price", "Regression"),
    "wa_churn": lambda: rdata("modeldata", "wa_churn", "churn", "Binary", "Yes"),
    "credit_data": lambda: rdata("modeldata", "credit_data", "Status", "Binary", "bad"),
}


def write(data, directory):
    os.makedirs(directory, exist_ok=True)
    for part in ("train", "test"):
        x, y = data[part]
        with open(os.path.join(directory, part + ".f32"), "wb") as file:
            for c in range(x.shape[1]):
                file.write(np.ascontiguousarray(x[:, c], "f4").tobytes())
            file.write(np.asarray(y, "f4").tobytes())
    classes = 0 if data["task"] == "Regression" else int(max(data["train"][1].max(), data["test"][1].max())) + 1
    with open(os.path.join(directory, "meta.json"), "w") as file:
        json.dump(dict(task=data["task"], classes=classes, names=data["names"], categories=data["categories"]), file)


def read(directory):
    meta = json.load(open(os.path.join(directory, "meta.json")))
    parts = []
    for part in ("train", "test"):
        values = np.fromfile(os.path.join(directory, part + ".f32"), "f4").reshape(len(meta["names"]) + 1, -1)
        parts += [np.ascontiguousarray(values[:-1].T), values[-1] if meta["task"] == "Regression" else values[-1].astype(int)]
    return meta, *parts


def peer(engine, directory, threads, repeat, native):
    """Runs in a process of its own: fits, prints one JSON line."""
    meta, x, y, test_x, test_y = read(directory)
    if engine == "sklearn":
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
        make = HistGradientBoostingRegressor if meta["task"] == "Regression" else HistGradientBoostingClassifier
        categorical = [n in meta["categories"] and len(meta["categories"][n]) < 255 for n in meta["names"]] if native else None
        new = lambda: make(max_iter=100, max_leaf_nodes=31, learning_rate=0.1, max_bins=255, min_samples_leaf=20, early_stopping=False,
                           random_state=0, categorical_features=categorical)
    else:
        import xgboost
        make = xgboost.XGBRegressor if meta["task"] == "Regression" else xgboost.XGBClassifier
        new = lambda: make(n_estimators=100, max_leaves=31, max_depth=0, grow_policy="lossguide", tree_method="hist", max_bin=255,
                           learning_rate=0.1, n_jobs=threads)
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds, cpu = [], []
    for _ in range(repeat):
        start, start_cpu = time.perf_counter(), time.process_time()
        model = new().fit(x, y)
        seconds.append(time.perf_counter() - start)
        cpu.append(time.process_time() - start_cpu)
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) / 1e3
    from sklearn import metrics
    if meta["task"] == "Regression":
        scores = dict(rmse=float(np.sqrt(metrics.mean_squared_error(test_y, model.predict(test_x)))))
    else:
        p = model.predict_proba(test_x)
        scores = dict(log_loss=float(metrics.log_loss(test_y, p, labels=range(p.shape[1]))), accuracy=float(metrics.accuracy_score(test_y, p.argmax(1))))
        if meta["classes"] == 2:
            scores["auc"] = float(metrics.roc_auc_score(test_y, p[:, 1]))
    result = dict(cold=seconds[0], warm=min(seconds), cpu=min(cpu), peak_mb=peak, metrics=scores)
    if engine == "xgboost":
        booster, rows = model.get_booster(), min(len(test_x), 100_000)
        row = np.ascontiguousarray(test_x[:1])
        result["single_us"] = best(lambda: [booster.inplace_predict(row) for _ in range(200)]) / 200 * 1e6
        result["batch_rows_per_s"] = rows / best(lambda: booster.inplace_predict(test_x[:rows]))
    print(json.dumps(result))


def best(action, times=5):
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def run(command, threads):
    environment = dict(os.environ, OMP_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS=str(threads))
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout.strip().splitlines()[-1])


def main(arguments):
    threads = int(arguments[arguments.index("--threads") + 1]) if "--threads" in arguments else 2
    rounds = int(arguments[arguments.index("--rounds") + 1]) if "--rounds" in arguments else 3
    names = [a for i, a in enumerate(arguments) if not a.startswith("--") and not (i and arguments[i - 1].startswith("--"))] or list(DATA)
    subprocess.run(["dotnet", "build", "-c", "Release", "-v", "q", PROJECT], check=True, capture_output=True)
    ours = ["dotnet", os.path.join(PROJECT, "bin/Release/net10.0/ServerlessMlops.Benchmarks.dll"), "learners"]
    print("| Data | Engine | cold s | warm s | CPU s | peak MB | quality | one row us | batch rows/s |\n|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as root:
        for name in names:
            try:
                data = DATA[name]()
            except Exception as error:  # a data package that is not installed
                print(f"| {name} | left out: {str(error)[:80]} |", flush=True)
                continue
            directory = os.path.join(root, name)
            write(data, directory)
            engines = {
                "ours": ours + ["fit", directory, "--threads", str(threads), "--repeat", "2"],
                "xgboost": [sys.executable, __file__, "peer", "xgboost", directory, str(threads), "2", "0"],
                "sklearn": [sys.executable, __file__, "peer", "sklearn", directory, str(threads), "2", "0"],
            }
            if data["categories"]:
                engines["sklearn native categories"] = [sys.executable, __file__, "peer", "sklearn", directory, str(threads), "2", "1"]
            results = {engine: [] for engine in engines}
            for _ in range(rounds):
                for engine, command in engines.items():
                    results[engine].append(run(command, threads))
            predict = run(ours + ["predict", directory, "--threads", str(threads)], threads)
            for engine, all_rounds in results.items():
                low = lambda key: min(r[key] for r in all_rounds)
                metrics = all_rounds[0]["metrics"]
                quality = ", ".join(f"{k} {metrics[k]:.4f}" for k in ("auc", "accuracy", "log_loss", "rmse") if k in metrics)
                scoring = predict if engine == "ours" else all_rounds[0]
                single = f"{scoring['single_us']:.2f}" if "single_us" in scoring else ""
                batch = f"{scoring['batch_rows_per_s']:,.0f}" if "batch_rows_per_s" in scoring else ""
                print(f"| {name} | {engine} | {low('cold'):.3f} | {low('warm'):.3f} | {low('cpu'):.3f} | {low('peak_mb'):.0f} | {quality} | {single} | {batch} |", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["peer"]:
        peer(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]), sys.argv[6] == "1")
    else:
        main(sys.argv[1:])

"""Boosting against scikit-learn and xgboost: same machine, same run, same settings (100 trees, 31 leaves, rate 0.1, 255 bins).

    /usr/bin/python3 tests/ServerlessMlops.Benchmarks/Learners/compare.py speed   [DATA ...] [--rounds N] [--threads N] [--cache DIR]
    /usr/bin/python3 tests/ServerlessMlops.Benchmarks/Learners/compare.py quality [DATA ...] [--repeats N] [--threads N] [--cache DIR]

Needs Debian's python3-sklearn and python3-xgboost, and the .NET SDK. Data that cannot be had here (a package that is not installed) is left out with a
line that says so. --cache keeps prepared data for the next call.

speed: the engines take turns, round by round, each in a process of its own; the table shows the best round of each, since whatever else the machine does
can only make a round slower. Memory is the growth of the process's peak over what it held before a fit, after a small fit has loaded all code.
quality: 5 folds, several times over with other divisions. A difference comes with the interval of the corrected resampled t-test (Nadeau and Bengio,
Machine Learning 2003), which allows for the folds' overlap.
"""
import ctypes
import gc
import json
import os
import subprocess
import sys
import tempfile
import time

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
PROJECT = os.path.dirname(HERE)
REPOSITORY = os.path.dirname(os.path.dirname(PROJECT))
OURS = ["dotnet", os.path.join(PROJECT, "bin/Release/net10.0/ServerlessMlops.Benchmarks.dll"), "learners"]
FOLDS = 5


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


def flights(every=12):
    """US flights of 2001: is a flight more than 15 minutes late? Package and lock file in data/."""
    folder = os.path.join(HERE, "data")
    if not os.path.isdir(os.path.join(folder, "node_modules")):
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, check=True, capture_output=True)
    path = os.path.join(tempfile.mkdtemp(), "flights.csv")
    subprocess.run(["node", os.path.join(folder, "flights.mjs"), path, str(every)], check=True, capture_output=True)
    return table(path, "late", "Binary", "true")


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
    "flights": flights,
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


def maker(engine, meta, threads, native):
    """A function that makes an unfitted model of the common settings."""
    regression = meta["task"] == "Regression"
    if engine == "sklearn":
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
        make = HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier
        categorical = [n in meta["categories"] and len(meta["categories"][n]) < 255 for n in meta["names"]] if native else None
        return lambda: make(max_iter=100, max_leaf_nodes=31, learning_rate=0.1, max_bins=255, min_samples_leaf=20, early_stopping=False,
                            random_state=0, categorical_features=categorical)
    import xgboost
    make = xgboost.XGBRegressor if regression else xgboost.XGBClassifier
    return lambda: make(n_estimators=100, max_leaves=31, max_depth=0, grow_policy="lossguide", tree_method="hist", max_bin=255,
                        learning_rate=0.1, n_jobs=threads)


def predict(meta, model, x):
    if meta["task"] == "Regression":
        return model.predict(x)
    p = model.predict_proba(x)
    return p[:, 1] if meta["classes"] == 2 else p


def judge(meta, y, p):
    """Metrics by name: the first is what the data is compared by."""
    from sklearn import metrics
    if meta["task"] == "Regression":
        return dict(rmse=float(np.sqrt(metrics.mean_squared_error(y, p))))
    p = p.astype("f8")
    if meta["classes"] == 2:
        return dict(auc=float(metrics.roc_auc_score(y, p)), log_loss=float(metrics.log_loss(y, np.clip(p, 1e-7, 1 - 1e-7))))
    p = np.clip(p, 1e-7, 1)
    p /= p.sum(1, keepdims=True)
    return dict(log_loss=float(metrics.log_loss(y, p, labels=range(meta["classes"]))), accuracy=float(metrics.accuracy_score(y, p.argmax(1))))


def status(field):
    """A field of /proc/self/status, in MB."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(field + ":")) / 1e3


def peer(engine, directory, threads, repeat, native):
    """Runs in a process of its own: fits, prints one JSON line."""
    meta, x, y, test_x, test_y = read(directory)
    new = maker(engine, meta, threads, native)
    seconds, cpu = [], []
    for _ in range(repeat + 1):
        start, start_cpu = time.perf_counter(), time.process_time()
        model = new().fit(x, y)
        seconds.append(time.perf_counter() - start)
        cpu.append(time.process_time() - start_cpu)
    result = dict(cold=seconds[0], warm=min(seconds[1:]), cpu=min(cpu[1:]), metrics=judge(meta, test_y, predict(meta, model, test_x)))
    if engine == "xgboost":
        booster, rows = model.get_booster(), min(len(test_x), 100_000)
        row = np.ascontiguousarray(test_x[:1])
        result["single_us"] = best(lambda: [booster.inplace_predict(row) for _ in range(200)]) / 200 * 1e6
        result["batch_rows_per_s"] = rows / best(lambda: booster.inplace_predict(test_x[:rows]))
    print(json.dumps(result))


def peer_memory(engine, directory, threads, native):
    """Runs in a process of its own: how far one fit raises the peak above what was held before it."""
    meta, x, y, _, _ = read(directory)
    new = maker(engine, meta, threads, native)
    small = np.concatenate([np.flatnonzero(y == k)[:200] for k in np.unique(y)[:20]]) if meta["task"] != "Regression" else slice(2000)
    for _ in range(3):
        new().fit(x[small], y[small])
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)  # as our side compacts its heap: what loading left free would hide what a fit takes
    with open("/proc/self/clear_refs", "w") as file:  # starts the peak anew
        file.write("5")
    base = status("VmRSS")
    new().fit(x, y)
    print(json.dumps(dict(peak_mb=status("VmHWM") - base)))


def peer_folds(engine, directory, folds_path, out, threads, native):
    """Runs in a process of its own: predictions of every row by the model that has not seen it, once for each division into folds."""
    meta, x, y, _, _ = read(directory)
    folds = np.fromfile(folds_path, "u1").reshape(-1, len(y))
    new = maker(engine, meta, threads, native)
    width = meta["classes"] if meta["task"] == "Multiclass" else 1
    predictions = np.zeros((len(folds), len(y), width), "f4")
    for r, division in enumerate(folds):
        for fold in range(FOLDS):
            held = division == fold
            predictions[r, held] = predict(meta, new().fit(x[~held], y[~held]), x[held]).reshape(-1, width)
    predictions.tofile(out)


def best(action, times=5):
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def run(command, threads):
    environment = dict(os.environ, OMP_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS=str(threads))
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise RuntimeError(f"{command}: {done.stderr[-2000:]}")
    lines = done.stdout.strip().splitlines()
    return json.loads(lines[-1]) if lines else None


def prepared(name, cache):
    """The folder of a prepared data set; made unless the cache has it."""
    directory = os.path.join(cache, name)
    if not os.path.exists(os.path.join(directory, "meta.json")):
        write(DATA[name](), directory)
    return directory, json.load(open(os.path.join(directory, "meta.json")))


def speed(names, rounds, threads, cache):
    print("| Data | Engine | cold s | warm s | CPU s | peak MB | quality | one row us | batch rows/s |\n|---|---|---|---|---|---|---|---|---|")
    for name in names:
        try:
            directory, meta = prepared(name, cache)
        except Exception as error:  # a data package that is not installed
            print(f"| {name} | left out: {str(error)[:80]} |", flush=True)
            continue
        me = [sys.executable, __file__]
        engines = {
            "ours": (OURS + ["fit", directory, "--threads", str(threads), "--repeat", "3"], OURS + ["memory", directory, "--threads", str(threads)]),
            "xgboost": (me + ["peer", "xgboost", directory, str(threads), "3", "0"], me + ["peer-memory", "xgboost", directory, str(threads), "0"]),
            "sklearn": (me + ["peer", "sklearn", directory, str(threads), "3", "0"], me + ["peer-memory", "sklearn", directory, str(threads), "0"]),
        }
        if meta["categories"]:
            engines["sklearn native categories"] = tuple(c[:-1] + ["1"] for c in engines["sklearn"])
        results = {engine: [] for engine in engines}
        for _ in range(rounds):
            for engine, (fit, memory) in engines.items():
                results[engine].append({**run(fit, threads), **run(memory, threads)})
        scoring = run(OURS + ["predict", directory, "--threads", str(threads)], threads)
        for engine, all_rounds in results.items():
            low = lambda key: min(r[key] for r in all_rounds)
            metrics = all_rounds[0]["metrics"]
            quality = ", ".join(f"{k} {metrics[k]:.4f}" for k in ("auc", "accuracy", "log_loss", "rmse") if k in metrics)
            best_scoring = scoring if engine == "ours" else all_rounds[0]
            single = f"{best_scoring['single_us']:.2f}" if "single_us" in best_scoring else ""
            batch = f"{best_scoring['batch_rows_per_s']:,.0f}" if "batch_rows_per_s" in best_scoring else ""
            print(f"| {name} | {engine} | {low('cold'):.3f} | {low('warm'):.3f} | {low('cpu'):.3f} | {low('peak_mb'):.0f} | {quality} | {single} | {batch} |", flush=True)


def quality(names, repeats, threads, cache, with_defaults=True):
    """Folds of all rows of each data set; ours less the better peer, by each metric."""
    from scipy import stats
    print("| Data | metric | ours | ours, defaults | xgboost | sklearn | sklearn native | ours less best peer (95%) | defaults less best peer (95%) |\n|---|---|---|---|---|---|---|---|---|")
    for name in names:
        try:
            source, meta = prepared(name, cache)
        except Exception as error:
            print(f"| {name} | left out: {str(error)[:80]} |", flush=True)
            continue
        _, x, y, test_x, test_y = read(source)
        with tempfile.TemporaryDirectory() as directory:
            x, y = np.concatenate([x, test_x])[:200_000], np.concatenate([y, test_y])[:200_000]
            write(dict(task=meta["task"], names=meta["names"], categories=meta["categories"], train=(x, y), test=(x[:5], y[:5])), directory)
            random = np.random.default_rng(7)
            folds = np.stack([np.argsort(random.permutation(len(y))) % FOLDS for _ in range(repeats)]).astype("u1")
            folds.tofile(os.path.join(directory, "folds"))
            json.dump({**json.load(open(os.path.join(directory, "meta.json"))), "classes": meta["classes"]}, open(os.path.join(directory, "meta.json"), "w"))
            me = [sys.executable, __file__, "peer-folds"]
            paths = [directory, os.path.join(directory, "folds")]
            engines = {"ours": OURS + ["folds", *paths, "OUT", "--threads", str(threads)]}
            if with_defaults:
                engines["ours, defaults"] = engines["ours"] + ["--defaults", "1"]
            engines["xgboost"] = me + ["xgboost", *paths, "OUT", str(threads), "0"]
            engines["sklearn"] = me + ["sklearn", *paths, "OUT", str(threads), "0"]
            if meta["categories"]:
                engines["sklearn native"] = me + ["sklearn", *paths, "OUT", str(threads), "1"]
            scores = {}
            for engine, command in engines.items():
                out = os.path.join(directory, "out.f32")
                run([out if c == "OUT" else c for c in command], threads)
                p = np.fromfile(out, "f4").reshape(repeats, len(y), -1)
                p = p[:, :, 0] if p.shape[2] == 1 else p
                scores[engine] = [judge(meta, y[folds[r] == f], p[r, folds[r] == f]) for r in range(repeats) for f in range(FOLDS)]
        for metric in scores["ours"][0]:
            up = metric in ("auc", "accuracy")
            values = {e: np.array([s[metric] for s in all_scores]) for e, all_scores in scores.items()}
            best_peer = (max if up else min)((e for e in values if not e.startswith("ours")), key=lambda e: values[e].mean())
            def against(engine):
                if engine not in values:
                    return ""
                d = (values[engine] - values[best_peer]) * (1 if up else -1)
                half = stats.t.ppf(0.975, len(d) - 1) * np.sqrt(d.var(ddof=1) * (1 / len(d) + 1 / (FOLDS - 1)))
                return f"{d.mean():+.4f} ± {half:.4f} {'**worse**' if d.mean() + half < 0 else 'better' if d.mean() - half > 0 else 'even'}"
            cell = lambda e: f"{values[e].mean():.4f}" if e in values else ""
            print(f"| {name} | {metric} | {' | '.join(cell(e) for e in ('ours', 'ours, defaults', 'xgboost', 'sklearn', 'sklearn native'))} | {against('ours')} | {against('ours, defaults')} |", flush=True)


def main(arguments):
    option = lambda name, otherwise: arguments[arguments.index(name) + 1] if name in arguments else otherwise
    threads, what = int(option("--threads", 2)), arguments[0] if arguments and arguments[0] in ("speed", "quality") else "speed"
    names = [a for i, a in enumerate(arguments) if a in DATA and not arguments[i - 1].startswith("--")] or list(DATA)
    "--no-build" in arguments or subprocess.run(["dotnet", "build", "-c", "Release", "-v", "q", PROJECT], check=True, capture_output=True)
    with tempfile.TemporaryDirectory() as root:
        cache = option("--cache", root)
        if what == "speed":
            speed(names, int(option("--rounds", 3)), threads, cache)
        else:
            quality(names, int(option("--repeats", 4)), threads, cache, "--no-defaults" not in arguments)


if __name__ == "__main__":
    if sys.argv[1:2] == ["peer"]:
        peer(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]), sys.argv[6] == "1")
    elif sys.argv[1:2] == ["peer-memory"]:
        peer_memory(sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5] == "1")
    elif sys.argv[1:2] == ["peer-folds"]:
        peer_folds(sys.argv[2], sys.argv[3], sys.argv[4], sys.argv[5], int(sys.argv[6]), sys.argv[7] == "1")
    else:
        main(sys.argv[1:])

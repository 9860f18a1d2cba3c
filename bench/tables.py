"""Tables learnt by `kudari train` and by scikit-learn's MLP, both with their default settings, on the same rows.

    python3 bench/tables.py FOLDER [--kudari target/release/kudari] [--splits 5] [--only iris]
    python3 bench/tables.py FOLDER --mnist 2        # MNIST's own division, two seeds; minutes for each

FOLDER holds the tables (iris.csv, wine.csv, breast_cancer.csv, penguins.csv, digits.csv.gz, diamonds.csv.gz, california-housing.csv.gz, at any depth); those
that are missing are named and left out. scikit-learn gets what kudari makes by itself: numbers are standardised and gaps
filled by the median with an indicator, categories become one column each. Scores are accuracy, or R² for numbers.
"""

import argparse
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

TABLES = [
    ("iris.csv", "target"),
    ("wine.csv", "target"),
    ("breast_cancer.csv", "target"),
    ("penguins.csv", "species"),
    ("digits.csv.gz", None),
    ("diabetes.csv", "progression"),
    ("diamonds.csv.gz", "price"),
    ("california-housing.csv.gz", "median_house_value"),
]


def sklearn_score(train, test, target, seed):
    y, x = train[target], train.drop(columns=target)
    numbers = list(x.select_dtypes("number").columns)
    others = [name for name in x.columns if name not in numbers]
    prepare = make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler()), numbers),
        (OneHotEncoder(handle_unknown="ignore"), others),
    )
    is_number = y.dtype.kind == "f" or (y.dtype.kind in "iu" and y.nunique() > 20)
    model = make_pipeline(prepare, (MLPRegressor if is_number else MLPClassifier)(random_state=seed))
    scale = StandardScaler().fit(y.to_frame()) if is_number else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that 200 epochs were not enough
        model.fit(x, scale.transform(y.to_frame()).ravel() if is_number else y.astype(str))
    # R² does not change with the unit of the targets.
    expected = scale.transform(test[target].to_frame()).ravel() if is_number else test[target].astype(str)
    return model.score(test.drop(columns=target), expected)


def kudari_score(program, folder, train, test, target, seed):
    train.to_csv(folder / "train.csv", index=False)
    test.to_csv(folder / "test.csv", index=False)
    command = [program, "train", "train.csv", "--test", "test.csv", "--target", target, "--seed", str(seed), "--json", "--quiet"]
    result = json.loads(subprocess.run(command, cwd=folder, check=True, capture_output=True).stdout)
    return result.get("r_squared") if result["test_accuracy"] is None else result["test_accuracy"]


def mnist(program, folder, seeds):
    """Test accuracies on MNIST: the digits in kudari, and the same from IDX files in FOLDER for scikit-learn."""

    def numbers(name, header):
        path = next(folder.rglob(name + "*"))
        raw = path.read_bytes()
        return np.frombuffer(gzip.decompress(raw) if path.suffix == ".gz" else raw, np.uint8, offset=header)

    x, test_x = (numbers(name, 16).reshape(-1, 784) / 255 for name in ("train-images", "t10k-images"))
    y, test_y = (numbers(name, 8) for name in ("train-labels", "t10k-labels"))
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as place:
            command = [program, "train", "mnist", "--seed", str(seed), "--json", "--quiet"]
            ours = json.loads(subprocess.run(command, cwd=place, check=True, capture_output=True).stdout)["test_accuracy"]
        theirs = MLPClassifier(random_state=seed).fit(x, y).score(test_x, test_y)
        print(f"mnist, seed {seed}: kudari {ours:.4f}, scikit-learn {theirs:.4f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--kudari", type=pathlib.Path, default=pathlib.Path("target/release/kudari"))
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--only", help="tables whose name holds this")
    parser.add_argument("--mnist", type=int, metavar="SEEDS", help="MNIST instead of tables")
    arguments = parser.parse_args()
    program = arguments.kudari.resolve()
    if arguments.mnist:
        return mnist(program, arguments.folder, arguments.mnist)
    print(f"{'table':<26} {'rows':>6} {'kudari':>8} {'scikit-learn':>13} {'difference':>11} {'seconds':>16}")
    for name, target in TABLES:
        if arguments.only and arguments.only not in name:
            continue
        found = list(arguments.folder.rglob(name))
        if not found:
            print(f"{name}: not in {arguments.folder}: left out", file=sys.stderr)
            continue
        table = pd.read_csv(found[0], header=0 if target else None)
        if target is None:
            table.columns = [f"p{i}" for i in range(len(table.columns) - 1)] + ["target"]
        target = target or "target"
        table = table[table[target].notna()]
        is_class = table[target].nunique() <= 20
        scores, seconds = [], np.zeros(2)
        for seed in range(1, arguments.splits + 1):
            stratify = table[target] if is_class else None
            train, test = train_test_split(table, test_size=0.2, random_state=seed, stratify=stratify)
            with tempfile.TemporaryDirectory() as folder:
                start = time.time()
                ours = kudari_score(program, pathlib.Path(folder), train, test, target, seed)
                middle = time.time()
                theirs = sklearn_score(train, test, target, seed)
                seconds += [middle - start, time.time() - middle]
            scores.append([ours, theirs])
        ours, theirs = np.mean(scores, axis=0)
        spread = np.std(np.subtract(*np.transpose(scores)), ddof=1) / len(scores) ** 0.5 if len(scores) > 1 else float("nan")
        times = " / ".join(f"{s / arguments.splits:.2f}" for s in seconds)
        print(f"{name:<26} {len(table):>6} {ours:>8.4f} {theirs:>13.4f} {ours - theirs:>+7.4f}±{spread:.3f} {times:>16}", flush=True)


if __name__ == "__main__":
    main()

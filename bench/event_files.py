"""Trains with `kudari train --tensorboard` and reads the event file with TensorBoard's own loader: every value must be that of metrics.csv.

    python3 bench/event_files.py [--kudari target/release/kudari] [RUN …]

Without RUN some small trainings are made for it; RUN is a folder of a training with --tensorboard. Needs tensorboard (pip).
"""

import argparse
import csv
import math
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util import tensor_util

TRAININGS = [
    ["digits", "--epochs", "5", "--schedule", "cosine"],
    ["xor", "--iterations", "300"],
    ["TABLE", "--target", "y", "--epochs", "4"],
]
TAGS = {
    "loss/train": "train_loss", "loss/test": "test_loss", "loss/validation": "validation_loss",
    "accuracy/train": "train_accuracy", "accuracy/test": "test_accuracy", "accuracy/validation": "validation_accuracy",
    "learning_rate": "learning_rate", "epoch": "epoch",
}  # fmt: skip


def check(run):
    """Compares a run folder's event file with its metrics.csv; gives the number of values."""
    with open(run / "metrics.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    # 0: everything is kept, nothing drawn at random.
    events = EventAccumulator(str(run), size_guidance={"scalars": 0, "tensors": 0, "histograms": 0})
    events.Reload()
    wanted = {tag for tag, column in TAGS.items() if any(row.get(column) for row in rows)}
    found = set(events.Tags()["scalars"])
    assert found == wanted, f"{run}: tags {sorted(found)}, wanted {sorted(wanted)}"
    count = 0
    for tag in sorted(found):
        scalars = events.Scalars(tag)
        assert [s.step for s in scalars] == [int(row["iteration"]) for row in rows], f"{run}: steps of {tag}"
        for scalar, row in zip(scalars, rows):
            # The format holds f32.
            expected = float(np.float32(row[TAGS[tag]]))
            same = scalar.value == expected or (math.isnan(scalar.value) and math.isnan(expected))
            assert same, f"{run}: {tag} at {scalar.step} is {scalar.value}, metrics.csv has {row[TAGS[tag]]}"
            count += 1
        times = [s.wall_time for s in scalars]
        assert times == sorted(times), f"{run}: times of {tag}"
        if len(list(run.glob("*tfevents*"))) > 1:
            continue
        # Times pass as metrics.csv says, to within what writing takes; a pause before the run went on is no time of it.
        spans = [(t - times[0]) - (float(row["seconds"]) - float(rows[0]["seconds"])) for t, row in zip(times, rows)]
        assert all(abs(span) < 0.5 for span in spans), f"{run}: times of {tag} differ by {max(map(abs, spans)):.3f} s"
    text = tensor_util.make_ndarray(events.Tensors("settings")[0].tensor_proto)
    assert b"| optimizer |" in text.ravel()[0], f"{run}: no settings"
    histograms = events.Tags()["histograms"]
    for tag in histograms:
        for event in events.Histograms(tag):
            h = event.histogram_value
            assert sum(h.bucket) == h.num and len(h.bucket) == len(h.bucket_limit), f"{run}: {tag} at {event.step}"
            assert list(h.bucket_limit) == sorted(h.bucket_limit), f"{run}: {tag} at {event.step}"
    print(f"{run}: {count} values under {len(found)} tags at {len(rows)} steps are those of metrics.csv, {len(histograms)} histograms are whole")
    return count


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", type=pathlib.Path, metavar="RUN")
    parser.add_argument("--kudari", default="target/release/kudari", type=pathlib.Path)
    arguments = parser.parse_args()
    if arguments.runs:
        return sum(check(run) for run in arguments.runs)
    kudari = arguments.kudari.resolve()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        lines = "".join(f"{i % 7},{i % 5},{(i % 7) * 1.5 - (i % 5) * 0.25}\n" for i in range(300))
        (folder / "table.csv").write_text("a,b,y\n" + lines)
        total = 0
        for number, training in enumerate(TRAININGS):
            run = folder / f"run-{number}"
            words = [str(folder / "table.csv") if word == "TABLE" else word for word in training]
            subprocess.run([kudari, "train", *words, "--tensorboard", "--quiet", "--out", run], check=True, cwd=folder)
            total += check(run)
        # A run that was finished and goes on writes a second file.
        run = folder / "run-0"
        subprocess.run([kudari, "train", "--resume", run, "--epochs", "8", "--tensorboard", "--quiet"], check=True, cwd=folder)
        assert len(list(run.glob("*tfevents*"))) == 2
        return total + check(run)


if __name__ == "__main__":
    sys.exit(0 if main() else "nothing was compared")

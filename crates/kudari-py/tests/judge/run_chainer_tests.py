#!/usr/bin/env python3
"""Runs Chainer's own tests against kudari, through `kudari.compat.chainer`, and counts what passes.

    python run_chainer_tests.py --tests CHECKOUT/tests/chainer_tests --chainer SITE-PACKAGES/chainer \
        --reference reference.json --json result.json --markdown result.md functions_tests/activation_tests

`--tests` and `--chainer` are a checkout of Chainer's tests and the installed package, version 7.8.1 both:
nothing of Chainer is part of this repository. `import chainer` gives kudari in these runs; only
`chainer.testing` and `chainer.gradient_check`, which judge the results, are Chainer's own sources. Each test
file runs in a process of its own, on NumPy alone: the cases for CuPy, cuDNN, iDeep and ChainerX are left out,
and so are the slow ones.

A run with `--engine chainer --json reference.json` runs Chainer on itself; the cases it passes are what
counts. Each of them is then passed, failed, or not offered: it uses a name that kudari does not have.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

LEFT_OUT = ("gpu", "cudnn", "multi_gpu", "ideep", "slow", "chainerx", "theano")
FILE_LIMIT_S = 900
# How the texts of errors tell that a name is missing, as opposed to wrong.
MISSING_NAME = re.compile(r"kudari has no '|cannot import name '\w+' from 'chainer|No module named 'chainer")


def main():
    options = parse_arguments()
    if options.child:
        run_file(options)
        return
    root = pathlib.Path(options.tests).resolve()
    files = sorted(file for path in options.paths for file in test_files(root / path))
    if not files:
        sys.exit(f"No test_*.py under {', '.join(options.paths)} of {root}.\nName paths inside --tests.")
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        results = dict(zip(files, pool.map(lambda file: run_in_process(file, options), files)))
    cases = {str(file.relative_to(root)): result for file, result in results.items()}
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(cases, indent=1, sort_keys=True))
    if options.engine == "chainer":
        passed = sum(
            case["outcome"] == "passed" for file in cases.values() for case in file["cases"].values()
        )
        print(f"{passed} cases pass in {len(files)} files")
        return
    reference = json.loads(pathlib.Path(options.reference).read_text()) if options.reference else None
    rows = [(file, count(result, reference and reference.get(file))) for file, result in cases.items()]
    text = table(rows)
    print(text)
    if options.markdown:
        pathlib.Path(options.markdown).write_text(text + "\n")


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tests", required=True, help="the folder chainer_tests of Chainer's checkout")
    parser.add_argument("--chainer", required=True, help="the folder of the installed package chainer")
    parser.add_argument("--engine", choices=("kudari", "chainer"), default="kudari", help="what is judged")
    parser.add_argument("--reference", help="the --json of a run with --engine chainer")
    parser.add_argument("--json", help="where to write every case's outcome and error")
    parser.add_argument("--markdown", help="where to write the table")
    parser.add_argument("--jobs", type=int, default=1, help="how many files run at a time")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("paths", nargs="+", help="folders or files inside --tests")
    return parser.parse_args()


def test_files(path):
    return [path] if path.is_file() else path.rglob("test_*.py")


def run_in_process(file, options):
    """Runs one test file in its own process; what it recorded, or why there is nothing."""
    with tempfile.TemporaryDirectory() as folder:
        record = pathlib.Path(folder) / "record.json"
        command = [sys.executable, __file__, "--tests", options.tests, "--chainer", options.chainer]
        command += ["--engine", options.engine, "--child", str(record), str(file)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=FILE_LIMIT_S, cwd=folder)
            ended = (done.stdout + done.stderr)[-2000:]
        except subprocess.TimeoutExpired:
            ended = f"not done after {FILE_LIMIT_S} s"
        if record.exists():
            return json.loads(record.read_text())
    return {"cases": {}, "error": ended}


def run_file(options):
    """In the process of one file: puts kudari in Chainer's place and lets pytest run."""
    os.environ.setdefault("MPLBACKEND", "Agg")
    file = pathlib.Path(options.paths[0])
    if options.engine == "kudari":
        take_chainers_place(
            pathlib.Path(options.chainer), own_gradient_check=file.name == "test_gradient_check.py"
        )
    import numpy
    import pytest

    recorder = Recorder()
    # Names of cases hold the random numbers that they were made of.
    numpy.random.seed(0)
    with tempfile.NamedTemporaryFile("w", suffix=".ini") as settings:
        markers = [*LEFT_OUT, "parametrize_device", "parametrize_device_name"]
        settings.write(
            "[pytest]\nmarkers =\n" + "".join(f"    {name}: of Chainer's tests\n" for name in markers)
        )
        settings.flush()
        ended = pytest.main(
            [
                "-c",
                settings.name,
                "--rootdir",
                str(pathlib.Path(options.tests).parent),
                "-p",
                "no:cacheprovider",
            ]
            + [
                "-q",
                "-W",
                "ignore",
                "--tb=no",
                "-m",
                " and ".join(f"not {name}" for name in LEFT_OUT),
                str(file),
            ],
            plugins=[recorder],
        )
    if ended in (pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR):
        sys.exit(ended)
    record = {"cases": recorder.cases, "error": recorder.collection_error}
    pathlib.Path(options.child).write_text(json.dumps(record))


def take_chainers_place(package, own_gradient_check):
    """Makes `import chainer` give kudari, but for the parts of Chainer that judge."""
    import importlib.util

    import kudari.compat.chainer

    judges = {"chainer.testing": package / "testing" / "__init__.py"}
    if not own_gradient_check:
        judges["chainer.gradient_check"] = package / "gradient_check.py"

    class JudgesFinder:
        """Finds the sources of Chainer that judge."""

        def find_spec(self, name, path=None, target=None):
            source = judges.get(name)
            if name.startswith("chainer.testing."):
                source = package / "testing" / (name.rpartition(".")[2] + ".py")
            if source is None:
                return None
            folder = [str(source.parent)] if source.name == "__init__.py" else None
            return importlib.util.spec_from_file_location(name, source, submodule_search_locations=folder)

    kudari.compat.chainer.install()
    sys.meta_path.insert(0, JudgesFinder())


class Recorder:
    """A pytest plugin that remembers how each case ended."""

    def __init__(self):
        self.cases = {}
        self.collection_error = None

    def pytest_runtest_setup(self, item):
        # The same random numbers for both engines, whichever cases ran before.
        import random
        import zlib

        import numpy

        seed = zlib.crc32(item.nodeid.encode())
        random.seed(seed)
        numpy.random.seed(seed)

    def pytest_runtest_logreport(self, report):
        name = re.sub(r"0x[0-9a-f]+", "0x", report.nodeid.partition("::")[2])
        case = self.cases.setdefault(name, {"outcome": "passed"})
        if report.outcome != "passed" and case["outcome"] == "passed":
            case["outcome"] = report.outcome
            if report.outcome == "failed":
                case["error"] = error_text(report)

    def pytest_collectreport(self, report):
        if report.outcome == "failed":
            self.collection_error = str(report.longrepr)[-2000:]


def error_text(report):
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash else str(report.longrepr)
    place = f"{pathlib.Path(crash.path).name}:{crash.lineno} " if crash else ""
    return place + (text if len(text) < 3000 else text[:1000] + " ... " + text[-2000:])


def count(result, reference):
    """How many of the cases that Chainer passes are passed, failed and not offered."""
    outcomes = collections.Counter()
    if reference is not None:
        wanted = [name for name, case in reference["cases"].items() if case["outcome"] == "passed"]
    else:
        wanted = [name for name, case in result["cases"].items() if case["outcome"] != "skipped"]
    numbered = {without_values(name): case for name, case in result["cases"].items()}
    for name in wanted:
        case = result["cases"].get(name) or numbered.get(without_values(name))
        outcomes[outcome(case, result["error"])] += 1
    return outcomes


def without_values(name):
    """A case with the numbers of its parameters, not their values: these can name either engine's objects."""
    return re.sub(r"_param_(\d+)_\{.*?\}(?=_|::|$)", r"_param_\1", name, flags=re.DOTALL)


def outcome(case, error_of_file):
    if case is None or case["outcome"] == "skipped":
        return "not offered" if error_of_file and MISSING_NAME.search(error_of_file) else "failed"
    if case["outcome"] == "failed" and MISSING_NAME.search(case["error"]):
        return "not offered"
    return case["outcome"]


def table(rows):
    """The counts file by file, by folder and in all, as a table in Markdown."""
    kinds = ("passed", "failed", "not offered")
    lines = ["| test file | " + " | ".join(kinds) + " | passed of offered |", "|---|" + "---:|" * 4]
    folders = collections.defaultdict(collections.Counter)
    for file, counts in rows:
        folders[str(pathlib.PurePath(file).parent)] += counts
        lines.append(line(file, counts, kinds))
    lines += [line(f"**{folder}**", counts, kinds) for folder, counts in folders.items()]
    lines.append(line("**all**", sum(folders.values(), collections.Counter()), kinds))
    return "\n".join(lines)


def line(name, counts, kinds):
    offered = counts["passed"] + counts["failed"]
    share = f"{counts['passed'] / offered:.1%}" if offered else "-"
    return f"| {name} | " + " | ".join(str(counts[kind]) for kind in kinds) + f" | {share} |"


if __name__ == "__main__":
    main()

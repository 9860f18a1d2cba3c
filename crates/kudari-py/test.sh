#!/usr/bin/env bash
# Tests the Python package: builds its native half, and runs the tests in a virtual environment that it makes in target/python. Arguments
# go to pytest. PYTHON names the interpreter, by default python3.
set -euo pipefail
cd "$(dirname "$0")"

target="${CARGO_TARGET_DIR:-$PWD/../../target}"
environment="$target/python"
[ -x "$environment/bin/python" ] || "${PYTHON:-python3}" -m venv "$environment"
# What is there already is not asked of the network again.
if ! cmp -s requirements-test.txt "$environment/requirements-test.txt"; then
    "$environment/bin/pip" install --quiet --disable-pip-version-check -r requirements-test.txt
    cp requirements-test.txt "$environment"
fi

# Unoptimised, with the engine's own checks; the whole workspace is named since that shares what `cargo test --workspace` has compiled.
cargo build --quiet --workspace
for library in "$target"/debug/libkudari_core.{so,dylib}; do
    # Under another name first: a program that has the old one loaded keeps it.
    if [ -e "$library" ]; then cp "$library" python/kudari/_core.new && mv python/kudari/_core.new python/kudari/_core.abi3.so; fi
done

PYTHONPATH="$PWD/python" "$environment/bin/python" -m pytest -q "$@"

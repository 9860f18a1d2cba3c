#!/usr/bin/env bash
# Tests the Python package: makes a virtual environment, builds the package into it, and runs its tests. Downloads what is missing.
# Arguments go to pytest. PYTHON names the interpreter, by default python3.
set -euo pipefail
cd "$(dirname "$0")"

environment="${CARGO_TARGET_DIR:-../../target}/python"
if [ ! -x "$environment/bin/python" ]; then
    "${PYTHON:-python3}" -m venv "$environment"
fi
# A marker says which requirements are there, so that nothing is asked of the network twice.
if ! cmp -s pyproject.toml "$environment/requirements"; then
    "$environment/bin/pip" install --quiet --disable-pip-version-check maturin numpy pytest scipy scikit-learn matplotlib nbclient ipykernel
    cp pyproject.toml "$environment/requirements"
fi

# Unoptimised, with the engine's own checks: it shares what `cargo test` has compiled.
VIRTUAL_ENV="$(cd "$environment" && pwd)" PATH="$(cd "$environment" && pwd)/bin:$PATH" maturin develop --quiet --skip-install
PYTHONPATH="$PWD/python" "$environment/bin/python" -m pytest -q "$@"

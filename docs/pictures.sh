#!/usr/bin/env bash
# Makes every picture of the README and of the book: docs/pictures.sh [NAME …], all without a name.
#
# KUDARI says which command draws them, by default the one of this repository, built for release. Two pictures are
# photographs of pages, for which Chromium is needed (CHROMIUM says where it is).
set -euo pipefail
cd "$(dirname "$0")/.."

if [ -z "${KUDARI:-}" ]; then
    cargo build --release
    KUDARI="${CARGO_TARGET_DIR:-target}/release/kudari"
fi
images=docs/images
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# photograph PAGE PICTURE WIDTH HEIGHT: what a browser shows of it.
photograph() {
    "${CHROMIUM:-chromium}" --headless --no-sandbox --disable-gpu --hide-scrollbars --no-first-run --disable-background-networking \
        --user-data-dir="$work/browser" --virtual-time-budget=2000 \
        --window-size="$3,$4" --screenshot="$2" "file://$1" >/dev/null 2>&1
}

# The pictures, each a function with the name of its file.

xor() {
    "$KUDARI" train xor --net "linear(8) relu linear(2)" --init "normal(0.1)" --optimizer sgd --learning-rate 0.01 \
        --iterations 5001 --every 100 --filmstrip $images/xor.png --quiet --out "$work/xor"
}

xor-sweep() {
    "$KUDARI" sweep xor --seeds 100 --net "linear(8) relu linear(2)" --net "linear(8) relu(kink=0.5) linear(2)" \
        --init "normal(0.1)" --optimizer sgd --learning-rate 0.01 --iterations 5001 --plot $images/xor-sweep.svg --quiet
}

tangents() {
    "$KUDARI" diff "0.01x^2 + 0.1x" --at 5,10 --plot $images/tangents.svg >/dev/null
}

error-against-h() {
    "$KUDARI" diff "sin(x)" --at 1 --sweep --plot $images/error-against-h.svg >/dev/null
}

field() {
    "$KUDARI" gradient "x0^2 + x1^2" --at 3,4 --at 0,2 --at 3,0 --range -5,5 --plot $images/field.png >/dev/null
}

learning-rates() {
    "$KUDARI" descend "x0^2 + x1^2" --from -3,4 --learning-rate 0.1,1,10 --steps 100 --plot $images/learning-rates.png >/dev/null
}

explain() {
    "$KUDARI" explain examples/worksheets/by-hand-2.toml --output "$work/page.html"
    photograph "$work/page.html" $images/explain.png 1280 900
}

explain-ja() {
    "$KUDARI" explain examples/worksheets/by-hand-2.toml --lang ja --output "$work/page.html"
    photograph "$work/page.html" $images/explain-ja.png 1280 900
}

report() {
    "$KUDARI" train mnist --quiet --out "$work/mnist"
    photograph "$work/mnist/report.html" $images/report.png 1100 1000
}

if [ $# -eq 0 ]; then
    set -- xor xor-sweep tangents error-against-h field learning-rates explain explain-ja report
fi
for name in "$@"; do
    echo "$name"
    "$name"
done

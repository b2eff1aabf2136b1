#!/usr/bin/env bash
# Make .venv hold what pyproject.toml asks for at the versions of constraints.txt; a stamp keyed on
# them and on this file makes the next run a matter of milliseconds.
#
# usage: scripts/venv.sh base|gpu|parakeet|docs|full    base: the embedded engines; gpu: whisperx too;
# parakeet: onnx-asr too; docs: mkdocs-material too; full: all of it, and the tools of development and
# peers that figures are taken beside
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/progress.sh
. scripts/progress.sh

case ${1:-} in
    base) wanted=. satisfied_by=(base gpu docs full) ;;
    gpu) wanted=".[gpu]" satisfied_by=(gpu full) ;;
    parakeet) wanted=".[parakeet]" satisfied_by=(parakeet full) ;;
    docs) wanted=".[docs]" satisfied_by=(docs full) ;;
    full) wanted=".[gpu,parakeet,worker,dev,bench,docs]" satisfied_by=(full) ;;
    *) fail "usage: scripts/venv.sh base|gpu|parakeet|docs|full" ;;
esac

key=$(cat pyproject.toml constraints.txt scripts/venv.sh | sha256sum | cut -d ' ' -f 1)
python=.venv/bin/python

usable() {
    "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null
}

current() {
    local kind
    usable || return
    for kind in "${satisfied_by[@]}"; do
        [[ $(cat ".venv/.cuestream-$kind" 2>/dev/null) == "$key" ]] && return
    done
    return 1
}

current && exit 0

if ! usable; then
    base=$(scripts/python.sh) || exit 1
    say "Making .venv with $("$base" --version)"
    rm -rf .venv
    "$base" -m venv .venv
fi
rm -f .venv/.cuestream-*
if ! "$python" -m uv --version >/dev/null 2>&1; then
    "$python" -m pip --version >/dev/null 2>&1 || "$python" -m ensurepip >/dev/null
    with_progress "Installing uv" \
        "$python" -m pip install --disable-pip-version-check -c constraints.txt uv
fi
note=""
[[ $1 != base && $1 != docs ]] && note=" (with PyTorch and CUDA libraries: several GB the first time)"
with_progress "Installing Python packages$note" env -u VIRTUAL_ENV \
    "$python" -m uv pip install --python "$python" --no-python-downloads \
    --constraints constraints.txt --build-constraints constraints.txt --editable "$wanted"
echo "$key" >".venv/.cuestream-$1"

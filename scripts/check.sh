#!/usr/bin/env bash
# Run every static check, also after one has failed, and say how long each took.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

failed=()

check() {
    local label=$1 started=$SECONDS
    shift
    if "$@"; then
        printf '%-14s ok, %d s\n' "$label" $((SECONDS - started))
    else
        printf '%-14s FAILED, %d s\n' "$label" $((SECONDS - started))
        failed+=("$label")
    fi
}

python=.venv/bin/python
check format "$python" -m ruff format --check --quiet .
check lint "$python" -m ruff check --quiet .
check types "$python" -m mypy
check imports .venv/bin/lint-imports --no-logo
check docs env NO_MKDOCS_2_WARNING=1 "$python" -m mkdocs build --strict --quiet
check shell .venv/bin/shellcheck --external-sources scripts/*.sh .ci/run
check docker .venv/bin/hadolint Dockerfile.server Dockerfile.worker

if ((${#failed[@]})); then
    echo "failed: ${failed[*]}" >&2
    exit 1
fi

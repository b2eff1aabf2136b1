#!/usr/bin/env bash
# Fetch Whisper models that are not on this machine, and check those that are.
#
# usage: scripts/model.sh NAME...    anything that WHISPER_MODEL takes
set -euo pipefail
cd "$(dirname "$0")/.."

for name in "$@"; do
    .venv/bin/python -m app.models fetch "$name" >/dev/null
done

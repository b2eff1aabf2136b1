#!/usr/bin/env bash
# Install everything that a command needs: Debian's packages, Python's, tests' clients, models.
#
# usage: scripts/install.sh demo|serve|samples|docs|test
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/system.sh "${1:-}"
if [[ $1 == test ]]; then
    scripts/venv.sh full
    scripts/clients.sh
    scripts/model.sh base tiny.en
elif [[ $1 == docs ]]; then
    scripts/venv.sh docs
else
    scripts/venv.sh base
fi
# serve fetches the model that its settings name.
[[ $1 != demo ]] || scripts/model.sh base

#!/usr/bin/env bash
# Install everything that a command needs: Debian's packages, Python's, and tests' clients.
#
# usage: scripts/install.sh demo|serve|samples|test
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/system.sh "${1:-}"
if [[ $1 == test ]]; then
    scripts/venv.sh full
    scripts/clients.sh
else
    scripts/venv.sh base
fi

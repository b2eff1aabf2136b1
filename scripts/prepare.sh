#!/usr/bin/env bash
# Install what the server needs with the settings of the environment and of .env: programs,
# libraries, and the model that it loads.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install.sh serve
extra=$(.venv/bin/python -m scripts.serve_needs extra)
[[ -z $extra ]] || scripts/venv.sh "$extra"
model=$(.venv/bin/python -m scripts.serve_needs model)
# The server says itself why it cannot have a model, so that is no end; an interrupt is.
[[ -z $model ]] || scripts/model.sh "$model" || (($? == 1)) || exit 130

#!/usr/bin/env bash
# Print the path of a Python 3.11 or 3.12 that can make virtual environments; fail if there is none.
#
# usage: scripts/python.sh [--package]    --package: print the Debian package that would help
set -euo pipefail

fits() {
    command -v "$1" >/dev/null &&
        "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null
}

for name in python3.11 python3.12 python3; do
    fits "$name" || continue
    found=${found:-$name}
    if "$name" -c 'import venv, ensurepip' 2>/dev/null; then
        [[ ${1:-} == --package ]] || command -v "$name"
        exit 0
    fi
done

if [[ ${1:-} == --package ]]; then
    # Debian keeps venv apart from Python, one package for each version.
    [[ -n ${found:-} ]] &&
        "$found" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])' || echo python3-venv
    exit 0
fi
echo "error: no Python 3.11 or 3.12 with venv was found" >&2
exit 1

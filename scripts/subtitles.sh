#!/usr/bin/env bash
# Subtitle one file, see scripts/subtitles.py; FILE, TO, FORMAT and FORCE are variables.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/progress.sh
. scripts/progress.sh

usage="usage: make subtitles FILE=talk.mp4 [TO=es] [FORMAT=srt] [FORCE=1]"
[[ -n ${FILE:-} ]] || fail "no FILE is named
$usage
writes talk.es.srt beside the file; without TO, in the language that is spoken"
# Before anything is installed; the script itself knows the other errors.
[[ -e ${FILE/#\~\//$HOME/} ]] || fail "FILE: there is no file '$FILE' in $PWD
$usage"
case ${FORCE:-} in '' | 0 | no | false) force=() ;; *) force=(--force) ;; esac

scripts/prepare.sh
exec .venv/bin/python -m scripts.subtitles \
    --file="$FILE" --to="${TO:-}" --format="${FORMAT:-}" "${force[@]}"

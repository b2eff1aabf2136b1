#!/usr/bin/env bash
# Put the newest yt-dlp, with what it brings along, where the server looks for it first. The very
# next job uses it, jobs that run keep theirs, and nothing has to be started again.
#
# usage: scripts/update-ytdlp.sh [options of pip install]    --pre takes nightly versions too
#
# YTDLP_DIR is the place, ~/.local/share/cuestream/yt-dlp unless set: a symbolic link to a folder
# beside it. Removing the link goes back to the version that was installed with the server.
set -euo pipefail

place=${YTDLP_DIR:-$HOME/.local/share/cuestream/yt-dlp}
home=$(dirname "$place")
name=$(basename "$place")

fail() {
    echo "error: $*" >&2
    exit 1
}

for python in "$(dirname "$0")/../.venv/bin/python" "${VIRTUAL_ENV:-}/bin/python" python3; do
    command -v "$python" >/dev/null && break
done
command -v "$python" >/dev/null || fail "there is no Python"

if "$python" -m uv --version >/dev/null 2>&1; then
    installer=("$python" -m uv pip install --python "$python")
elif command -v uv >/dev/null; then
    installer=(uv pip install --python "$python")
else
    installer=("$python" -m pip install --disable-pip-version-check)
fi

[[ -e $place && ! -L $place ]] && fail "$place is no symbolic link; move it out of the way first"
mkdir -p "$home"
new=$(mktemp -d "$home/$name.XXXXXXXX")
trap 'rm -rf "$new" "$home/.$name.$$"' EXIT
"${installer[@]}" --quiet --target "$new" "$@" "yt-dlp[default]"
# Its text tells the version; importing all of it would take a second.
version_in() {
    PYTHONPATH=$1 "$python" -c '
import importlib.util, pathlib, re
package = pathlib.Path(importlib.util.find_spec("yt_dlp").origin).parent
print(re.search(r"__version__ = .([\w.]+)", (package / "version.py").read_text())[1])'
}
PYTHONPATH=$new "$python" -c '
import sys, yt_dlp, yt_dlp_ejs
sys.exit(not all(m.__file__.startswith(sys.argv[1]) for m in (yt_dlp, yt_dlp_ejs)))' "$new" ||
    fail "what was installed does not work; nothing was changed"
version=$(version_in "$new")
current=$(version_in "$place" 2>/dev/null) || current=0
if [[ $(printf '%s\n' "$version" "$current" | sort -V | tail -n 1) == "$current" ]]; then
    echo "There is nothing newer than yt-dlp $current, which is in use."
    exit
fi
chmod 755 "$new"

# Renaming replaces the link in one step, so no job finds half of it.
old=$(readlink -f "$place" || true)
ln -s "$(basename "$new")" "$home/.$name.$$"
mv -T "$home/.$name.$$" "$place"
trap - EXIT

# The version before stays for the jobs that still run on it.
for folder in "$home/$name".????????; do
    [[ $folder -ef $new || $folder -ef $old ]] || rm -rf "$folder"
done
echo "The next job uses yt-dlp $version."

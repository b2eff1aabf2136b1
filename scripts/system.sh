#!/usr/bin/env bash
# Install the Debian packages that a command needs, only those that are missing.
#
# usage: scripts/system.sh demo|serve|samples|docs|test
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/progress.sh
. scripts/progress.sh

packages_for() {
    case $1 in
        demo | serve) echo ffmpeg apertium apertium-eng-spa espeak-ng fonts-noto-core fonts-noto-cjk fonts-symbola ;;
        samples) echo ffmpeg ;;
        docs) ;;
        # flite speaks, the fonts draw subtitles, node runs clients, the test data is human speech,
        # jobs are shared through a database, and a browser and a proxy are what stands between many
        # users and a server.
        test) echo ffmpeg apertium apertium-eng-spa espeak-ng flite fonts-dejavu-core fonts-noto-core fonts-noto-cjk fonts-symbola nodejs npm pocketsphinx-testdata postgresql chromium nginx-light ;;
        *) fail "unknown purpose '$1'; known: demo serve samples docs test" ;;
    esac
}

have() {
    case $1 in
        ffmpeg) command -v ffmpeg && command -v ffprobe ;;
        apertium | chromium | flite | npm) command -v "$1" ;;
        espeak-ng) command -v espeak-ng ;;
        nodejs) command -v node ;;
        postgresql) compgen -G '/usr/lib/postgresql/*/bin/postgres' ;;
        nginx-light) [[ -x /usr/sbin/nginx ]] ;;
        apertium-eng-spa) [[ " $(apertium -l) " == *eng-spa* ]] ;;
        fonts-dejavu-core) [[ -e /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf ]] ;;
        pocketsphinx-testdata) [[ -d /usr/share/pocketsphinx/test/data/librivox ]] ;;
        python*-venv) scripts/python.sh ;;
        *) dpkg -s "$1" ;;
    esac >/dev/null 2>&1
}

become_root() {
    local name settings=(DEBIAN_FRONTEND=noninteractive)
    # sudo leaves the environment behind, and apt needs to know the proxy.
    for name in http_proxy https_proxy no_proxy; do
        [[ -z ${!name:-} ]] || settings+=("$name=${!name}")
    done
    if [[ $(id -u) == 0 ]]; then
        env "${settings[@]}" "$@"
    else
        sudo -n env "${settings[@]}" "$@"
    fi
}

may_become_root() {
    [[ $(id -u) == 0 ]] && return
    command -v sudo >/dev/null || return
    sudo -n true 2>/dev/null && return
    [[ -t 0 ]] && say "sudo is needed to install: ${missing[*]}" && sudo -v
}

ask_to_install() {
    {
        echo "error: these Debian packages are missing, and installing them needs root or sudo."
        echo "Install them, then run the same command again:"
        echo
        echo "    apt-get update && apt-get install -y --no-install-recommends $*"
    } >&2
    exit 1
}

wanted=$(packages_for "${1:-}")
missing=()
if ! .venv/bin/python -c '' 2>/dev/null; then
    scripts/python.sh >/dev/null 2>&1 || missing+=("$(scripts/python.sh --package)")
fi
for package in $wanted; do
    have "$package" || missing+=("$package")
done
((${#missing[@]})) || exit 0

command -v apt-get >/dev/null || fail "this machine has no apt-get. Install these yourself (names as in Debian 12): ${missing[*]}"
may_become_root || ask_to_install "${missing[@]}"
apt=(become_root apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
with_progress "Reading Debian's package lists" "${apt[@]}" update
with_progress "Installing Debian packages: ${missing[*]}" \
    "${apt[@]}" install -y --no-install-recommends "${missing[@]}"
for package in "${missing[@]}"; do
    have "$package" || fail "$package was installed, but what it should bring is still missing"
done

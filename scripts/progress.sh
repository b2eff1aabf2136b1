# Telling what goes on during long steps; sourced by the other scripts.
# shellcheck shell=bash

say() { printf '==> %s\n' "$*"; }

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# with_progress LABEL COMMAND...: run a command whose output goes to a log, show that it lives, and
# show the end of the log if it fails. A terminal gets one line that changes, a file one every 15 s.
with_progress() {
    local label=$1 log child started=$SECONDS status=0
    shift
    log=$(mktemp)
    say "$label"
    "$@" >"$log" 2>&1 </dev/null &
    child=$!
    # shellcheck disable=SC2064 # the child that is meant is the one of now
    trap "kill $child 2>/dev/null || true; rm -f '$log'; exit 130" INT TERM
    while kill -0 "$child" 2>/dev/null; do
        sleep 0.5
        show_life "$log" $((SECONDS - started))
    done
    wait "$child" || status=$?
    trap - INT TERM
    [[ -t 1 ]] && printf '\r\033[K'
    if ((status)); then
        tail -n 40 "$log" >&2
        rm -f "$log"
        fail "$label: failed with exit code $status"
    fi
    rm -f "$log"
    printf '    done in %d s\n' $((SECONDS - started))
}

_shown_at=-1

show_life() {
    local line
    line=$(tail -n 1 "$1" | tr -d '\r' | cut -c 1-60)
    if [[ -t 1 ]]; then
        printf '\r\033[K    %3d s  %s' "$2" "$line"
    elif (($2 > 0 && $2 % 15 == 0 && $2 != _shown_at)); then
        _shown_at=$2
        printf '    %3d s  %s\n' "$2" "$line"
    fi
}

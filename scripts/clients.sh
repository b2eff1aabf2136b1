#!/usr/bin/env bash
# Install the JavaScript clients that tests run against the server, only where one is missing or
# has another version.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/progress.sh
. scripts/progress.sh

clients=(socket.io-client@4.7.2 tus-js-client@4.3.1 runpod-sdk@1.1.2 hls.js@1.6.13
    openai@6.49.0 axios@1.21.1 form-data@4.0.6 axe-core@4.10.3)
folder=tests/clients

current() {
    local client
    for client in "${clients[@]}"; do
        grep -qF "\"version\": \"${client##*@}\"" \
            "$folder/node_modules/${client%@*}/package.json" 2>/dev/null || return 1
    done
}

current && exit 0
with_progress "Installing JavaScript clients: ${clients[*]}" \
    npm install --legacy-peer-deps --no-save --no-package-lock --no-audit --no-fund --prefix "$folder" "${clients[@]}"
current || fail "npm installed other versions than ${clients[*]}"

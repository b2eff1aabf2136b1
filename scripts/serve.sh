#!/usr/bin/env bash
# Run the server in the foreground with the settings of the environment and of .env, and say what
# to do when its engines cannot be loaded.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

scripts/prepare.sh || exit

.venv/bin/python -m gunicorn -c gunicorn.conf.py &
server=$!
trap 'kill -TERM "$server" 2>/dev/null' TERM INT
status=0
wait "$server" || status=$?
# A trapped signal ends the first wait before the server has ended.
while kill -0 "$server" 2>/dev/null; do
    status=0
    wait "$server" || status=$?
done

if [[ $status == 3 ]]; then
    cat >&2 <<'ADVICE'

The engines could not be loaded, so the server has left; the reason is above. What helps:

  WHISPER_MODEL                  must be a size that can be downloaded (HF_TOKEN for gated models)
                                 or a local folder in CTranslate2 form. `.venv/bin/python -m
                                 app.models list` shows the sizes and what is on this machine,
                                 `fetch NAME` downloads one, `verify` checks the files.
  TRANSLATION_PROVIDER=openai    SERVER_API_KEY, and SERVER_API_URL for another provider.
  TRANSLATION_PROVIDER=embedded  Debian's packages apertium and apertium-eng-spa.

With nothing set at all it runs on engines that need no key:

  env -u ASR_ENGINE -u TRANSLATION_PROVIDER -u LLM_PROVIDER make serve
ADVICE
fi
exit "$status"

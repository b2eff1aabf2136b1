"""The image's health check: asks the server on this machine how it is.

Exits with 0 when it is ready. While models still load it exits with 1, which an image's start
period forgives: the container shows as starting, not as healthy and not as unhealthy.
"""

from __future__ import annotations

import sys

import httpx

from app.settings import Settings

_LIMIT_S = 4


def main() -> int:
    """Return the exit code."""
    settings = Settings()
    port = settings.server.port_health or settings.port
    host = settings.server.host
    near = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    address = f"[{near}]" if ":" in near else near
    try:
        answer = httpx.get(f"http://{address}:{port}/ping", timeout=_LIMIT_S, trust_env=False)
    except httpx.TransportError as error:
        print(f"no answer: {error!r}")
        return 1
    print({200: "ready", 204: "starting"}.get(answer.status_code, answer.text))
    return 0 if answer.status_code == httpx.codes.OK else 1


if __name__ == "__main__":
    sys.exit(main())

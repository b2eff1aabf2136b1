"""Entry point of the queue worker: ``python -m app.worker``.

RunPod's SDK reads its variables while it is imported, so they are set ahead of that.
"""

from __future__ import annotations

from app.settings import Settings, prepare_sdk_environment


def main() -> None:
    """Take jobs until the process is told to stop; see `app.runpod_worker.sdk_start`."""
    prepare_sdk_environment()
    from app.runpod_worker.sdk_start import start_worker

    start_worker(Settings())


if __name__ == "__main__":
    main()

"""The configuration of gunicorn, from the settings: one worker process for each GPU."""

from __future__ import annotations

import errno
import os
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pynvml
import structlog
from uvicorn_worker import UvicornWorker

from app.settings import Settings, SettingsError, read_settings, see_one_gpu, visible_gpus
from app.system.private_folders import keep_files_private

if TYPE_CHECKING:
    from gunicorn.arbiter import Arbiter
    from gunicorn.workers.base import Worker

_BAD_SETTING = 2
_NOTIFY_S = 5
_FINISH_S = 20
"""Time limit in seconds of requests after SIGTERM; less than gunicorn's own, see below."""


class CuestreamWorker(UvicornWorker):  # type: ignore[misc]
    """uvicorn on uvloop and httptools, within bounds; it exits when its master process has died."""

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {
        "loop": "uvloop",
        "http": "app.routers.edge.bounded_http:BoundedHttpProtocol",
        "ws": "app.routers.edge.bounded_websocket:BoundedWebSocket",
        "lifespan": "on",
        "server_header": False,
        # Live audio comes in messages of 8 kB; much larger ones must not fill the memory. It does
        # not compress, and each connection would hold what compression needs.
        "ws_max_size": 2**19 + 2**10,
        "ws_per_message_deflate": False,
        # TRUSTED_PROXIES decides; uvicorn would trust every process on this machine.
        "proxy_headers": False,
        "timeout_notify": _NOTIFY_S,
        "timeout_graceful_shutdown": _FINISH_S,
    }

    def run(self) -> None:
        """Serve until the end.

        uvloop detaches a socket of Python's from the descriptor that it closes itself. gunicorn's
        wrappers it closes after that, by the same number, which another thread may have by then.
        """
        self.sockets = [each.sock for each in self.sockets]  # type: ignore[has-type]
        super().run()

    async def callback_notify(self) -> None:
        """Notify the master that the event loop is alive; exit if the master has died."""
        if os.getppid() != self.ppid:
            self.log.error("The master process is gone; worker %s leaves", self.pid)
            signal.raise_signal(signal.SIGTERM)
        await super().callback_notify()


def _settings() -> Settings:
    try:
        return read_settings()
    except SettingsError as error:
        print(f"error: these settings are wrong\n{error}", file=sys.stderr)  # noqa: T201
        sys.exit(_BAD_SETTING)


def _bound(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _json_logs() -> dict[str, Any]:
    """Return a logging configuration that formats gunicorn's own lines like the application's."""
    chain = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        "foreign_pre_chain": chain,
    }
    return _logging("stdout", formatter)


def _text_logs() -> dict[str, Any]:
    """Return a logging configuration that formats gunicorn's own lines as text."""
    formatter = {
        "()": "app.logs.PlainFormatter",
        "fmt": "%(asctime)s [%(process)d] [%(levelname)s] %(message)s",
        "datefmt": "[%Y-%m-%d %H:%M:%S %z]",
    }
    return _logging("stderr", formatter)


def _logging(stream: str, formatter: dict[str, Any]) -> dict[str, Any]:
    console = {
        "class": "logging.StreamHandler",
        "formatter": "own",
        "stream": f"ext://sys.{stream}",
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"own": formatter},
        "handlers": {"console": console},
        "root": {"handlers": []},
        "loggers": {
            "gunicorn.error": {"handlers": ["console"], "propagate": False},
            "gunicorn.access": {"handlers": [], "propagate": False},
        },
    }


def on_starting(server: Arbiter) -> None:
    """Check the number of GPUs and the port, and log what is wrong, before anything starts."""
    found = _gpu_count()
    if found and _current.server.gpus > found:
        server.log.error("GPUS is %s, but this machine shows %s", _current.server.gpus, found)
        sys.exit(_BAD_SETTING)
    if not server.master_pid and not server.LISTENERS:
        _try_port(server)


def _gpu_count() -> int:
    """Return the number of GPUs; 0 where no driver answers, so that it cannot be checked."""
    if listed := visible_gpus():
        return len(listed)
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return 0
    try:
        return int(pynvml.nvmlDeviceGetCount())
    finally:
        pynvml.nvmlShutdown()


def _try_port(server: Arbiter) -> None:
    """Bind the port once; gunicorn itself would try five times and log less."""
    host, port = _current.server.host, _current.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            server.log.error("Cannot listen on %s: %s", _bound(host, port), _advice(error, port))
            sys.exit(1)


def _advice(error: OSError, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use. Set PORT to a free one, or stop what listens there."
    if error.errno == errno.EACCES:
        return f"port {port} needs more rights than this user has. Set PORT to 1024 or above."
    return f"{error.strerror}. Set HOST and PORT to an address of this machine."


def pre_fork(server: Arbiter, worker: Worker) -> None:
    """Assign the GPU with the fewest live workers to the new worker."""
    taken = [getattr(other, "gpu", -1) for other in server.WORKERS.values()]
    worker.gpu = min(range(_current.server.gpus), key=lambda gpu: (taken.count(gpu), gpu))


def post_fork(server: Arbiter, worker: Worker) -> None:
    """Keep the worker's files private, and show it its own GPU alone; a single worker sees all."""
    del server
    keep_files_private()
    if _current.server.gpus > 1:
        see_one_gpu(worker.gpu)


_current = _settings()

wsgi_app = "app.main:create_app()"
proc_name = "cuestream"
bind = [_bound(_current.server.host, _current.port)]
backlog = 4096
workers = _current.server.gpus
worker_class = CuestreamWorker
preload_app = False
max_requests = 0
keepalive = 75
"""Seconds; longer than any gateway keeps an idle connection, so that the gateway closes first."""
timeout = 120
"""Seconds without a notification from a worker's event loop, not of a request."""
graceful_timeout = 25
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - memory, no disk
control_socket_disable = True
accesslog = None
loglevel = _current.server.log_level.lower()
logconfig_dict = _json_logs() if _current.server.log_json else _text_logs()

"""A real PostgreSQL server in a process of its own.

PostgreSQL refuses to run as root, so root's server runs as the user of Debian's package.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from itertools import count
from pathlib import Path

import psycopg

from tests.server import free_port

_DEBIAN = Path("/usr/lib/postgresql")
_START_S = 120


def postgres_bin() -> Path:
    """Return the folder of PostgreSQL's programs, of the newest version that is installed."""
    found = sorted(_DEBIAN.glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    postgres = shutil.which("postgres")
    assert postgres, "PostgreSQL is not installed; scripts/install.sh test installs it"
    return Path(postgres).parent


class PostgresServer:
    """A database cluster on a free loopback port, which is removed in the end.

    Its files are not synchronised to the disk unless asked for: a killed server loses nothing by
    that, only a machine without power would.

    Args:
        synchronised: whether commits wait for the disk.
    """

    def __init__(self, *, synchronised: bool = False) -> None:
        self._bin = postgres_bin()
        self._home = Path(tempfile.mkdtemp(prefix="cuestream-postgres-"))
        self._data = self._home / "data"
        self._numbers = count(1)
        self._synchronised = synchronised
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self._home, user.pw_uid, user.pw_gid)
        self._home.chmod(0o700)
        initdb = ["--auth=trust", "--username=postgres", "--no-sync", "--no-instructions"]
        initdb += ["--encoding=UTF8", "--locale=C.UTF-8", "-D", str(self._data)]
        made = subprocess.run(
            self._command("initdb", *initdb), capture_output=True, text=True, check=False
        )
        assert made.returncode == 0, made.stderr

    def url(self, database: str = "postgres") -> str:
        """Return the address of a database."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "fsync": "on" if self._synchronised else "off",
            "max_connections": "200",
            "shared_buffers": "16MB",
            "autovacuum_naptime": "10s",
        }
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with (self._home / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command("postgres", "-D", str(self._data), *settings),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_S
        while not self._answers():
            assert self._process.poll() is None, (self._home / "server.log").read_text()
            assert time.monotonic() < deadline, "PostgreSQL does not answer"
            time.sleep(0.05)

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """End the server.

        Args:
            number: SIGINT ends its connections first; SIGQUIT ends it at once, as a crash does.
        """
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(_START_S)
            self._process = None

    def restart(self) -> None:
        """End the server as a crash does, and start it again at the same address."""
        self.stop(signal.SIGQUIT)
        self.start()

    def remove(self) -> None:
        """End the server and remove its files."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self._home, ignore_errors=True)

    def create_database(self) -> str:
        """Create an empty database; return its address."""
        name = f"test_{next(self._numbers)}"
        self._revive()
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Drop a database that `create_database` made, whoever is connected."""
        self._revive()
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")

    def _revive(self) -> None:
        """Start the server again where a test has ended everything around it."""
        if self._process is not None and self._process.poll() is not None:
            self.start()

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url(), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _command(self, program: str, *arguments: str) -> list[str]:
        # It dies with the tests, also when they are killed.
        command = ["setpriv", "--pdeathsig", "INT"]
        if os.geteuid() == 0:
            command += ["--reuid=postgres", "--regid=postgres", "--init-groups"]
        return [*command, "--", str(self._bin / program), *arguments]

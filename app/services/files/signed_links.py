"""Signatures of links to files in the folder, and the secret behind them."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from base64 import urlsafe_b64encode
from pathlib import Path
from urllib.parse import quote

from app.domain.errors import LinkExpiredError, LinkInvalidError
from app.system.private_folders import FOLDER_MODE, check_shared_parent
from app.system.workdir import storage_errors

SECRET_NAME = "secret"  # noqa: S105 - the name of the file
_SECRET_BYTES = 32
_OWNER_DIGITS = 12


class LinkSigner:
    """Signs names of files with the time at which a link expires.

    Source: RFC 2104 (HMAC) with SHA-256.

    Args:
        secret: shared by all workers that answer for one another.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def signed_path(self, name: str, expires_s: int) -> str:
        """Return the path and query of a link.

        Args:
            name: of the file in the path, unquoted.
            expires_s: seconds since the epoch.
        """
        return f"/files/{quote(name, safe='')}?{self.signed_query(name, expires_s)}"

    def signed_query(self, name: str, expires_s: int) -> str:
        """Return the query of a link to whatever has that name; see ``signed_path``."""
        return f"expires={expires_s}&signature={self._signature(name, str(expires_s))}"

    def check(self, name: str, expires: str, signature: str, now_s: float) -> int:
        """Check a link; return when it expires, seconds since the epoch.

        Raises:
            LinkInvalidError: nobody signed it like this.
            LinkExpiredError: it worked once.
        """
        wanted = self._signature(name, expires)
        if not hmac.compare_digest(wanted.encode(), signature.encode("utf-8", "surrogatepass")):
            raise LinkInvalidError("The link's signature is missing or wrong")
        # Only what was signed is read as a number.
        if int(expires) <= now_s:
            raise LinkExpiredError("The link has expired; the job's result shows a fresh one")
        return int(expires)

    def owner(self, holder: str) -> str:
        """Return a name for a holder that tells neither his key nor his address."""
        return self._mac(b"owner", holder).hex()[:_OWNER_DIGITS]

    def _signature(self, name: str, expires: str) -> str:
        digest = self._mac(b"link", f"{expires}\n{name}")
        return urlsafe_b64encode(digest).rstrip(b"=").decode()

    def _mac(self, purpose: bytes, text: str) -> bytes:
        message = purpose + b"\n" + text.encode("utf-8", "surrogatepass")
        return hmac.digest(self._secret, message, hashlib.sha256)


def folder_secret(folder: Path) -> bytes:
    """Return the random secret of a folder, which its first worker writes.

    Raises:
        StorageError: the folder cannot be written to, or is somebody else's.
    """
    with storage_errors():
        check_shared_parent(folder, "FILES_DIR")
        folder.mkdir(FOLDER_MODE, parents=True, exist_ok=True)
        path = folder / SECRET_NAME
        if not path.exists():
            temporary = folder / f"{SECRET_NAME}.{secrets.token_hex(8)}"
            temporary.write_bytes(secrets.token_bytes(_SECRET_BYTES))
            _publish(temporary, path)
        return path.read_bytes()


def _publish(temporary: Path, path: Path) -> None:
    """Give a file its name unless another worker was first; no reader sees half of it."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    except OSError:
        # Some network volumes have no hard links; of two workers the later one wins for both.
        temporary.replace(path)
    temporary.unlink(missing_ok=True)

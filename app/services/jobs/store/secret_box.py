"""Encryption of what doors keep secret with a job.

AES-256 in GCM mode (NIST SP 800-38D) with a random nonce of 96 bits for each job; the job's id is
authenticated with it, so that one job's secrets cannot be given to another one.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from Cryptodome.Cipher import AES

from app.domain.errors import StorageError
from app.system.private_folders import private_folder

_NONCE_BYTES, _TAG_BYTES, _KEY_BYTES = 12, 16, 32
_TEXT = "text"


class SecretBox:
    """Encrypts and decrypts secrets of jobs.

    Args:
        key: of 32 bytes.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def of_password(cls, password: str) -> SecretBox:
        """Return the box of a long random text that several machines share."""
        return cls(hashlib.sha256(b"cuestream jobs\0" + password.encode()).digest())

    @classmethod
    def of_folder(cls, folder: Path) -> SecretBox:
        """Return the box whose key lies in a folder; it is made where it is missing.

        Raises:
            StorageError: the folder is not writable, or somebody else's.
        """
        path = private_folder(folder, "JOBS_DIR") / "secret.key"
        try:
            with suppress(FileExistsError):
                new = path.with_suffix(f".{os.getpid()}")
                new.write_bytes(os.urandom(_KEY_BYTES))
                new.chmod(0o600)
                try:
                    os.link(new, path)  # the first one's key counts
                finally:
                    new.unlink()
            return cls(path.read_bytes())
        except OSError as error:
            raise StorageError("The key of the store of jobs cannot be kept in JOBS_DIR") from error

    def seal(self, job_id: str, secrets: Mapping[str, str]) -> bytes | None:
        """Return secrets encrypted; None for none."""
        if not secrets:
            return None
        cipher = AES.new(self._key, AES.MODE_GCM, nonce=os.urandom(_NONCE_BYTES))
        cipher.update(job_id.encode())
        text, tag = cipher.encrypt_and_digest(json.dumps(dict(secrets)).encode())
        return bytes(cipher.nonce) + tag + text

    def seal_text(self, job_id: str, text: str) -> str:
        """Return a text encrypted, as text; an empty one stays empty."""
        sealed = self.seal(job_id, {_TEXT: text}) if text else None
        return base64.b64encode(sealed).decode() if sealed else ""

    def open_text(self, job_id: str, sealed: str) -> str:
        """Return the text that `seal_text` encrypted; see `open`."""
        return self.open(job_id, base64.b64decode(sealed))[_TEXT] if sealed else ""

    def open(self, job_id: str, sealed: bytes | None) -> dict[str, str]:
        """Return the secrets that `seal` encrypted.

        Raises:
            StorageError: they were encrypted with another key, or changed.
        """
        if not sealed:
            return {}
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        cipher = AES.new(self._key, AES.MODE_GCM, nonce=nonce)
        cipher.update(job_id.encode())
        try:
            text = cipher.decrypt_and_verify(rest[_TAG_BYTES:], rest[:_TAG_BYTES])
            secrets: dict[str, str] = json.loads(text)
        except ValueError as error:
            raise StorageError(
                "A job's secrets were stored under another key: set JOBS_SECRET alike everywhere"
            ) from error
        return secrets

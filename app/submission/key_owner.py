"""Names of API keys' owners, which are no secrets and stay the same when keys are added."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from pydantic import SecretStr

_DIGITS = 12


def key_owner(key: SecretStr) -> str:
    """Return the name of a key's owner: a hash of the key."""
    return hashlib.sha256(key.get_secret_value().encode()).hexdigest()[:_DIGITS]


def key_named(keys: Sequence[SecretStr], owner: str) -> int | None:
    """Return the index of the first key of an owner; None where he has none any more."""
    return next((index for index, key in enumerate(keys) if key_owner(key) == owner), None)

"""Client of a database's functions, whichever way it is reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

Parameter = str | int | None | Mapping[str, object] | list[object]
"""A parameter of a function; mappings and lists are JSON."""


class RpcClient(Protocol):
    """Calls functions of the schema ``public``.

    Both ways run the same functions of `docs/supabase/schema.sql`, so that what is atomic is so by
    the database and its clock is the only one.
    """

    async def call(self, function: str, parameters: Mapping[str, Parameter]) -> object:
        """Call a function once and return its result, as JSON has it.

        Raises:
            DatabaseUnreachableError: the database cannot be reached or ended the connection; the
                call may have taken effect.
            DocumentSchemaError: it has no such function, or a table or column is missing.
            DocumentStoreError: it refused the call.
        """
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...

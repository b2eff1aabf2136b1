"""Refusals of a database, as errors."""

from __future__ import annotations

from app.domain.errors import (
    CuestreamError,
    DatabaseUnreachableError,
    DocumentSchemaError,
    DocumentStoreError,
    NotFoundError,
)

_MISSING = frozenset({"42883", "42P01", "42703", "3F000", "PGRST202", "PGRST204", "PGRST205"})
"""Undefined function, table, column and schema; PostgREST's own codes for the same."""

_PASSING = ("08", "53", "57P", "40", "55P03", "PGRST00", "PGRST003")
"""Connection failure, no resources, shutdown, a rolled back transaction, a lock that is held;
PostgREST without a connection.

Source: PostgreSQL 15, appendix A; PostgREST 12, "Errors".
"""

_NO_SUCH_ROW = "23503"
"""Foreign key violation: what a row belongs to is not there."""

_MESSAGE_CHARS = 300


def refusal(code: str, message: str) -> CuestreamError:
    """Return the error of a call that was refused.

    Args:
        code: SQLSTATE or PostgREST's own code; empty where a gateway answered.
        message: for people; it never holds a key.
    """
    text = " ".join(message.split())[:_MESSAGE_CHARS]
    if code == _NO_SUCH_ROW:
        return NotFoundError("No such document")
    if code in _MISSING:
        return DocumentSchemaError(
            f"The database lacks what batch jobs need ({text}): run docs/supabase/schema.sql"
        )
    if code.startswith(_PASSING):
        return DatabaseUnreachableError(f"The database does not answer: {text}")
    return DocumentStoreError(f"The database refused: {text}")

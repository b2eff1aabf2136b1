"""Names of speakers in caption files."""

from __future__ import annotations

from app.services.captions.markup import strip_markup

_NAME_CHARS = 80


def speaker_name(name: str | None) -> str | None:
    """Return a speaker's name on one line without markup, 80 characters at most; None for none."""
    return " ".join(strip_markup(name or "").split())[:_NAME_CHARS].rstrip() or None

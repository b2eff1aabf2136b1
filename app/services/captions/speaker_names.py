"""Names of speakers in caption files."""

from __future__ import annotations

from app.services.captions.markup import literal_markup, strip_markup

_NAME_CHARS = 80


def speaker_name(name: str | None) -> str | None:
    """Return a speaker's name on one line, 80 characters at most; None for none.

    Names have no markup: invisible characters alone are left out.
    """
    shown = strip_markup(literal_markup(name or ""))
    return " ".join(shown.split())[:_NAME_CHARS].rstrip() or None

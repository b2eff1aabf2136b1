"""A reader of books: five sentences of one person, from Debian's `pocketsphinx-testdata`."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path("/usr/share/pocketsphinx/test/data/librivox")


def recordings() -> list[tuple[str, Path]]:
    """Return what is said in each recording, with its WAV."""
    found = []
    for line in (_FOLDER / "transcription").read_text().splitlines():
        text, _, name = line.rpartition("(")
        said = text.replace("<s>", "").replace("</s>", "").strip()
        found.append((said, _FOLDER / f"{name.rstrip(')')}.wav"))
    return found

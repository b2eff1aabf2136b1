"""Folders of media libraries: which films are found, and how much is looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.domain.errors import ForbiddenMediaError, InvalidFieldError
from app.submission.envelopes import library_envelope
from app.submission.envelopes.library_envelope import films_in
from app.submission.libraries.item_paths import local_path
from app.submission.libraries.subtitle_names import languages_beside


def test_films_are_found_in_order_and_links_are_not_followed(tmp_path: Path) -> None:
    root, outside = tmp_path / "films", tmp_path / "outside"
    for folder in (root / "b", root / "a", outside):
        folder.mkdir(parents=True)
        (folder / "film.MKV").touch()
        (folder / "notes.txt").touch()
    (root / "c").symlink_to(outside)
    (root / "loop").symlink_to(root)
    assert films_in(root, (root,)) == [root / "a" / "film.MKV", root / "b" / "film.MKV"]
    for place in (Path("/"), root / "..", root / "c", outside, tmp_path / "missing"):
        with pytest.raises(ForbiddenMediaError):
            films_in(place, (root,))


def test_a_tree_that_is_too_large_is_refused_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(30):
        (tmp_path / f"{n}.txt").touch()
    monkeypatch.setattr(library_envelope, "_MOST_ENTRIES", 29)
    with pytest.raises(InvalidFieldError, match="more than 29 files"):
        films_in(tmp_path, (tmp_path,))


def test_a_map_of_folders_is_plain_text() -> None:
    mapping = ("/tv (new)+.*=/mnt/a", "/tv=/mnt/b", "/tv/x=/mnt/c")
    assert local_path("/tv (new)+.*/f.mkv", mapping) == Path("/mnt/a/f.mkv")
    assert local_path("/tv (new)+zz/f.mkv", mapping) == Path("/tv (new)+zz/f.mkv")
    assert local_path("/tv/x/f.mkv", mapping) == Path("/mnt/c/f.mkv")
    assert local_path("/tvx/f.mkv", mapping) == Path("/tvx/f.mkv")


def test_only_files_of_the_film_tell_its_languages(tmp_path: Path) -> None:
    names = ("f.de.srt", "f.en.forced.srt", "f.es.txt", "f2.fr.srt", "f.pt-BR.sdh.vtt", "x.it.srt")
    for name in names:
        (tmp_path / name).touch()
    found = {each.tag for each in languages_beside(tmp_path / "f.mkv")}
    assert found == {"de", "pt-BR"}

"""A checkpoint is identified by its files, not by its name or path."""

import shutil
from pathlib import Path

import pytest

from app.gpu.models.identity import identity_of


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.bin").write_bytes(bytes(range(256)) * 20_000)
    (folder / "config.json").write_text("{}")
    (folder / "README.md").write_text("about")
    return folder


def test_a_copy_is_the_same(model: Path, tmp_path: Path) -> None:
    shutil.copytree(model, tmp_path / "copy")
    (tmp_path / "copy" / "README.md").write_text("about something else")
    linked = tmp_path / "linked"
    linked.mkdir()
    for path in model.iterdir():
        (linked / path.name).symlink_to(path)
    assert identity_of(model) == identity_of(tmp_path / "copy") == identity_of(linked)


@pytest.mark.parametrize("place", [0, 900_000, -900_000, -1])
def test_other_weights_are_another(model: Path, place: int) -> None:
    before = identity_of(model)
    weights = bytearray((model / "model.bin").read_bytes())
    weights[place] ^= 1
    (model / "model.bin").write_bytes(weights)
    assert identity_of(model) != before


def test_other_lengths_and_settings_are_another(model: Path) -> None:
    seen = {identity_of(model)}
    with (model / "model.bin").open("r+b") as file:
        file.truncate(3_000_000)
    seen.add(identity_of(model))
    (model / "config.json").write_text('{"alignment_heads": []}')
    seen.add(identity_of(model))
    (model / "vocabulary.txt").write_text("a")
    seen.add(identity_of(model))
    assert len(seen) == 4


def test_folders_below_count_and_hidden_ones_do_not(model: Path) -> None:
    before = identity_of(model)
    for name in (".cache", "embedding"):
        (model / name).mkdir()
        (model / name / "pytorch_model.bin").write_bytes(b"weights")
        if name == ".cache":
            assert identity_of(model) == before
    assert identity_of(model) != before

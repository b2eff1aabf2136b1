"""What every engine of the registry promises; one row an engine in `engine_rows.py`."""

from __future__ import annotations

import ast
import inspect
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import pytest
from pydantic import TypeAdapter

from app.domain.audio import Audio
from app.domain.errors import InvalidLanguageError
from app.domain.request import SpeakerCount
from app.gpu.engine_registry import ALIGNERS, DIARIZERS, TRANSCRIBERS, VADS, load_engine
from app.gpu.protocols import Aligner, Diarizer, Transcriber, Vad, Window
from app.gpu.self_test import transcribe_windows
from app.settings import Settings
from tests.conftest import ROOT
from tests.gpu.engines.engine_rows import ROWS, EngineRow

APP = ROOT / "app"
ROLES: tuple[tuple[Mapping[str, str], type], ...] = (
    (VADS, Vad),
    (TRANSCRIBERS, Transcriber),
    (ALIGNERS, Aligner),
    (DIARIZERS, Diarizer),
)
TARGETS = {target: role for known, role in ROLES for target in known.values()}
NAMES = {name for known, _ in ROLES for name in known}
ALIASES = {"embedded", "whisper", "openai", "endpoint"}
"""Names that are words of other things too: of the default engine, of a vendor of models, of an
address of a queue."""
ROLE_FIELDS = {"enabled", "engine", "mode"}
"""They choose an engine, or whether requests get it that do not ask, before there is one."""
MAY_NAME_ENGINES = {
    "app/gpu/engine_registry.py",
    "app/settings/__init__.py",
    "app/settings/unused_variables.py",
    "app/settings/vad_settings.py",
    "app/settings/transcriber_settings.py",
    "app/settings/alignment_settings.py",
    "app/settings/diarization_settings.py",
}
OTHER_NAMES = ("app/gpu/engines/", "app/services/translation/", "app/services/tts/")
"""The engines themselves, and services with registries of their own."""
MANAGER_READS = {("alignment", "preload"), ("alignment", "model_copy")}
"""The manager loads an aligner without models where those of the start cannot be had."""

UNKNOWN = "tlh"
"""Klingon, which no model knows."""

parametrized = pytest.mark.parametrize("row", [row.parameter() for row in ROWS])
own_models = pytest.mark.parametrize("row", [row.parameter() for row in ROWS if row.models])
own_settings = pytest.mark.parametrize("row", [row.parameter() for row in ROWS if row.group])


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Models of the rows that were loaded so far, by target."""
    return {}


@pytest.fixture
def model(row: EngineRow, models: dict[str, Path], tmp_path_factory: Any) -> Path:
    if row.needs:
        pytest.importorskip(row.needs)
    if row.target not in models:
        models[row.target] = row.write_model(tmp_path_factory.mktemp(row.folder) / "model")
    return models[row.target]


@pytest.fixture
def engine(row: EngineRow, model: Path) -> Any:
    return load(row, row.settings(model))


def load(row: EngineRow, settings: Settings) -> Any:
    return load_engine({"it": row.target}, "it", settings)


def key(row: EngineRow, settings: Settings) -> str:
    return str(load(row, settings).cache_key)


def test_every_engine_of_the_registry_has_a_row() -> None:
    assert {row.target for row in ROWS} == set(TARGETS)


@parametrized
def test_it_has_every_member_of_its_protocol(row: EngineRow, engine: Any) -> None:
    role = TARGETS[row.target]
    assert engine.name in NAMES
    assert engine.device == row.device
    for name, hint in get_type_hints(role).items():
        TypeAdapter(hint).validate_python(getattr(engine, name), strict=True)
    assert isinstance(engine.detail, str)
    for name, method in inspect.getmembers(role, inspect.isfunction):
        if not name.startswith("_"):
            own = inspect.signature(getattr(type(engine), name))
            assert list(own.parameters) == list(inspect.signature(method).parameters), name


@parametrized
def test_its_key_and_detail_hold_no_path(row: EngineRow, engine: Any, model: Path) -> None:
    assert engine.cache_key
    for text in (engine.cache_key, engine.detail):
        assert str(model.parent) not in text


@own_settings
def test_settings_that_it_reads_are_part_of_its_key(row: EngineRow, model: Path) -> None:
    group = getattr(row.settings(model), row.group)
    listed = {*row.changes, *row.neutral, row.models, *ROLE_FIELDS}
    assert set(type(group).model_fields) <= listed, "the row says of each field what it does"
    plain = key(row, row.settings(model))
    for name, value in row.changes.items():
        assert key(row, row.settings(model, **{name: value})) != plain, name
    for name, value in row.neutral.items():
        assert key(row, row.settings(model, **{name: value})) == plain, name


@own_models
def test_the_files_of_its_model_are_part_of_its_key_and_their_place_is_not(
    row: EngineRow, model: Path, tmp_path: Path
) -> None:
    plain = key(row, row.settings(model))
    copy = Path(shutil.copytree(model, tmp_path / "copy"))
    assert key(row, row.settings(copy)) == plain
    (copy / "another.json").write_text("{}")
    assert key(row, row.settings(copy)) != plain


@parametrized
def test_it_answers_to_silence_as_its_role_demands(row: EngineRow, engine: Any) -> None:
    silence = np.zeros(16_000, np.float32)
    match TARGETS[row.target].__name__:
        case "Vad":
            whole = silence[: len(silence) // engine.frame_samples * engine.frame_samples]
            probabilities, _ = engine.detect(whole, None)
            assert probabilities.shape == (len(whole) // engine.frame_samples,)
        case "Transcriber":
            assert len(transcribe_windows(engine, [Window(Audio(silence))])) == 1
            assert all("-" not in tag for tag in engine.languages or ())
            if engine.languages is not None:
                with pytest.raises(InvalidLanguageError):
                    engine.prepare(Window(Audio(silence), UNKNOWN))
        case "Aligner":
            assert not engine.supports(UNKNOWN)
            assert engine.unavailable_reason(UNKNOWN)
            assert list(engine.align([])) == []
        case "Diarizer":
            state = engine.process(silence[:0], None, last=True)
            assert list(engine.turns(state, SpeakerCount())) == []


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(APP.rglob("*.py")):
        yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text("utf-8"))


def reads(tree: ast.Module, groups: set[str]) -> Iterator[tuple[str, str]]:
    """Yield groups of settings that a module reads, each with the attribute that it takes."""
    fields = {
        id(node.value): node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in groups:
            owner = node.value
            name = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
            if name.endswith("settings"):
                yield node.attr, fields.get(id(node), "")


def test_settings_of_an_engine_are_read_in_its_folder_alone() -> None:
    folders = {row.group: f"app/gpu/engines/{row.folder}" for row in ROWS if row.group}
    for path, tree in modules():
        # The one tells which of them nothing reads, the other whether the model is there.
        if path in ("app/settings/unused_variables.py", "app/cli/machine_checks.py"):
            continue
        for group, name in reads(tree, set(folders)):
            manager = path == "app/gpu/engine_manager.py" and (group, name) in MANAGER_READS
            assert path.startswith(folders[group]) or name in ROLE_FIELDS or manager, (
                f"{path} reads settings.{group}.{name}"
            )


def test_the_readers_of_settings_are_found() -> None:
    tree = ast.parse("self._settings.whisper.beam_size\nsettings.alignment\nother.parakeet.model")
    found = sorted(reads(tree, {"whisper", "alignment", "parakeet"}))
    assert found == [("alignment", ""), ("whisper", "beam_size")]


def test_no_engine_is_named_outside_its_folder_the_registry_and_the_settings() -> None:
    for path, tree in modules():
        if (
            path in MAY_NAME_ENGINES
            or path == "app/settings/unused_variables.py"
            or path.startswith(OTHER_NAMES)
        ):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and node.value in NAMES - ALIASES:
                pytest.fail(f"{path}:{node.lineno} names the engine {node.value}")

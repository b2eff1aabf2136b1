"""Whisper models of this machine: found, fetched, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.domain.errors import EngineLoadError
from app.gpu.faults import load_faults
from app.gpu.models.checksums import WrongFile, named_checksums, wrong_files
from app.gpu.models.hub import HubModel, download_model, find_model, looks_like_folder
from app.gpu.models.pinned_fetch import Watch, unwatched
from app.gpu.models.pinned_models import PINNED, PinnedModel
from app.gpu.models.snapshot_folder import remove_linked
from app.gpu.models.whisper_models import local_model, whisper_model
from app.settings import ModelSettings


@dataclass(frozen=True, slots=True)
class Verification:
    """What the checksums of a model's files say.

    Attributes:
        folder: of the model.
        checked: number of files whose checksums are known.
        wrong: those that differ.
        unknown: names of files whose checksums are not known.
    """

    folder: Path
    checked: int
    wrong: Sequence[WrongFile]
    unknown: Sequence[str]


@dataclass(frozen=True, slots=True)
class Inventory:
    """Models by any name that `WHISPER_MODEL` takes.

    Attributes:
        settings: where models lie.
        pins: known models by hub id.
    """

    settings: ModelSettings
    pins: Mapping[str, PinnedModel] = field(default_factory=lambda: PINNED)

    def find(self, wanted: str) -> Path | None:
        """Return a model's folder; None where it is not on this machine.

        Raises:
            EngineLoadError: no such name, or it is there and incomplete.
        """
        if looks_like_folder(wanted):
            return local_model(wanted)
        return find_model(self.settings, whisper_model(wanted, self.pins))

    def fetch(self, wanted: str, watch: Watch = unwatched) -> Path:
        """Return a model's folder, downloaded if it is not on this machine or damaged.

        Raises:
            EngineLoadError: it cannot be had, or is damaged where this program does not write.
        """
        if looks_like_folder(wanted):
            return local_model(wanted)
        model = whisper_model(wanted, self.pins)
        with load_faults(f"Whisper model {wanted!r}", "WHISPER_MODEL"):
            found = find_model(self.settings, model)
            if found is not None:
                wrong = wrong_files(found, _checksums(found, model))
                if not wrong:
                    return found
                self._remove(found, wrong)
            return download_model(self.settings, model, watch)

    def verify(self, wanted: str) -> Verification | None:
        """Compare a model's files with their checksums; None where it is not on this machine.

        Raises:
            EngineLoadError: no such name, or it is there and incomplete.
        """
        folder = self.find(wanted)
        if folder is None:
            return None
        model = None if looks_like_folder(wanted) else whisper_model(wanted, self.pins)
        expected = _checksums(folder, model)
        if not expected and model is not None and model.pin is not None:
            expected = model.pin.checksums
        names = [path.name for path in sorted(folder.iterdir()) if path.is_file()]
        unknown = [name for name in names if name not in expected and not name.startswith(".")]
        return Verification(folder, len(expected), wrong_files(folder, expected), unknown)

    def _remove(self, folder: Path, wrong: Sequence[WrongFile]) -> None:
        """Make room for a download.

        Raises:
            EngineLoadError: the folder is not in the cache that downloads go to.
        """
        if self.settings.hub_dir not in folder.parents:
            raise EngineLoadError(f"{folder} is damaged: {wrong[0]}. Remove that folder first")
        remove_linked(folder, [file.name for file in wrong])


def _checksums(folder: Path, model: HubModel | None) -> Mapping[str, str]:
    """Return what is known of a folder: a revision's published checksums, or the cache's own."""
    if model is not None and model.pin is not None and folder.name == model.pin.revision:
        return model.pin.checksums
    return named_checksums(folder)

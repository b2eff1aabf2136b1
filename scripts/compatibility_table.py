"""Write the README's table of clients from the names of their tests.

``python -m scripts.compatibility_table`` writes it; a test compares.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.document import write_part

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
GUIDES = ROOT / "docs" / "clients"
PART = "clients"

_TRANSCRIPTIONS = "tests/clients/test_openai_transcriptions.py"
_STREAMS = "tests/clients/test_openai_streams.py"
_SPEAKERS = "tests/clients/test_openai_speakers.py"
_ERRORS = "tests/clients/test_openai_errors.py"
_KEYS = "tests/clients/test_openai_keys.py"
_LISTS = "tests/clients/test_openai_lists.py"
_FRONT_ENDS = "tests/clients/test_front_ends.py"
_LIMITS = "tests/clients/test_openai_limits.py"
_BAZARR = "tests/routers/test_bazarr_contract.py"
_LIBRARY = "tests/routers/test_media_servers.py"
_REALTIME = "tests/clients/test_realtime.py"
_APPLICATIONS = "tests/clients/test_applications.py"
_LIVEKIT = "tests/clients/test_livekit_plugin.py"
_GUIDES = "tests/clients/test_client_guides.py"
_PLUGINS = "tests/clients/test_realtime_guides.py"
_WYOMING = "tests/clients/test_wyoming.py"
_DEEPGRAM = "tests/clients/test_deepgram.py"
_ASSEMBLYAI = "tests/clients/test_assemblyai.py"
_RUNPOD = "tests/clients/test_runpod_clients.py"

_NAME = re.compile(r"^(?:async )?def test_((?:\d+_)*)(\w+)\(", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ClientTests:
    """Tests of a client.

    Attributes:
        guide: name of its page under `docs/clients`, without the suffix.
        file: of the tests.
        numbers: of the tests in that file; empty for all whose names contain ``word``.
        word: see ``numbers``.
    """

    guide: str
    file: str
    numbers: tuple[int, ...] = ()
    word: str = ""


CLIENTS = (
    ClientTests("openai-python", _TRANSCRIPTIONS, (1, 2, 3)),
    ClientTests("openai-python", _SPEAKERS, (4,)),
    ClientTests("openai-python", _STREAMS, (9, 10)),
    ClientTests("openai-python", _ERRORS, (13,)),
    ClientTests("openai-python", _KEYS, (14, 15)),
    ClientTests("openai-python", _LISTS, (19, 20)),
    ClientTests("openai-python", _LIMITS, (12, 16, 22)),
    ClientTests("openai-node", _TRANSCRIPTIONS, (3,)),
    ClientTests("openai-node", _ERRORS, (6,)),
    ClientTests("openai-node", _STREAMS, (11,)),
    ClientTests("openai-realtime", _REALTIME, (23, 24, 25)),
    ClientTests("open-webui", _FRONT_ENDS, (38, 39)),
    ClientTests("open-webui", _LISTS, (40,)),
    ClientTests("librechat", _FRONT_ENDS, (41,)),
    ClientTests("subtitle-edit", _FRONT_ENDS, (42, 43)),
    ClientTests("voiceink", _KEYS, (44,)),
    ClientTests("voiceink", _APPLICATIONS, word="voiceink"),
    ClientTests("obsidian-whisper", _FRONT_ENDS, (46,)),
    ClientTests("obsidian-whisper", _APPLICATIONS, word="obsidian"),
    ClientTests("openwhispr", _APPLICATIONS, word="openwhispr"),
    ClientTests("anythingllm", _GUIDES, word="anythingllm"),
    ClientTests("buzz", _GUIDES, word="buzz"),
    ClientTests("n8n", _GUIDES, word="n8n"),
    ClientTests("bazarr", _BAZARR, (27, 28, 30, 31, 32, 33, 34, 35, 36)),
    ClientTests("subgen", _BAZARR, (29, 37)),
    ClientTests("whisper-shortcut", _BAZARR, (47,)),
    ClientTests("whisper-shortcut", _APPLICATIONS, word="whisper_shortcut"),
    ClientTests("plex", _LIBRARY, word="plex"),
    ClientTests("jellyfin", _LIBRARY, word="jellyfin"),
    ClientTests("jellyfin", _APPLICATIONS, word="jellyfin"),
    ClientTests("emby", _LIBRARY, word="emby"),
    ClientTests("tautulli", _LIBRARY, word="tautulli"),
    ClientTests("home-assistant", _WYOMING, (48, 49, 50, 51, 52)),
    ClientTests("home-assistant", _APPLICATIONS, word="home_assistant"),
    ClientTests("livekit-agents", _LIVEKIT, word="livekit"),
    ClientTests("livekit-agents", _PLUGINS, word="livekit"),
    ClientTests("pipecat", _PLUGINS, word="pipecat"),
    ClientTests("deepgram", _DEEPGRAM, word="_"),
    ClientTests("assemblyai", _ASSEMBLYAI, word="_"),
    ClientTests("pipecat", _APPLICATIONS, word="pipecat"),
    ClientTests("runpod-sdk", _RUNPOD, (53, 55, 56)),
)


def test_sentences(client: ClientTests) -> Iterator[str]:
    """Yield what the names of a client's tests say, in their order."""
    for numbers, words in _NAME.findall((ROOT / client.file).read_text()):
        own = {int(number) for number in numbers.split("_") if number}
        if own & set(client.numbers) or (client.word and client.word in words):
            yield words.replace("_s_", "'s ").replace("_", " ")


def title_of(guide: str) -> str:
    """Return the heading of a guide."""
    return (GUIDES / f"{guide}.md").read_text().partition("\n")[0].removeprefix("# ")


def table() -> list[str]:
    """Return the lines of the table."""
    rows = ["| client | what its tests say |", "| --- | --- |"]
    for guide in dict.fromkeys(client.guide for client in CLIENTS):
        link = f"[{title_of(guide)}](docs/clients/{guide}.md)"
        files = [client for client in CLIENTS if client.guide == guide]
        sentences = [text for client in files for text in test_sentences(client)]
        rows.append(f"| {link} | {'; '.join(sentences)} |")
    return rows


if __name__ == "__main__":
    write_part(PART, table(), README)

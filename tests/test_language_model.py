"""Translation by a language model through the real server; 14 is the contract's number."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api_requests import post_file, stream_file
from tests.chat_behaviours import drop, faulty, out_of_quota, refuses_key, status
from tests.chat_server import ChatServer, shout
from tests.conftest import StartServer
from tests.server import ServerProcess


@pytest.fixture(scope="module")
def model() -> Iterator[ChatServer]:
    with ChatServer() as running:
        yield running


@pytest.fixture(scope="module")
def translating(start_server: StartServer, model: ChatServer) -> ServerProcess:
    return start_server(
        TRANSLATION_PROVIDER="openai",
        SERVER_API_URL=model.url,
        SERVER_API_KEY="sk-secret-key",
        SERVER_MODEL="test-model",
        ALLOW_PRIVATE_URLS="true",
    )


def test_every_line_is_the_model_s(
    translating: ServerProcess, model: ChatServer, dialogue: Path
) -> None:
    frames = stream_file(translating, dialogue, target_lang="pt_BR", force_refresh="true")
    assert frames.result is not None
    for cue in frames.result["subtitles"]:
        assert cue["translatedText"] == shout(cue["text"], "(pt-BR)")
    assert frames.result["subtitles"] == frames.cues


def test_lines_that_go_missing_are_asked_again_and_none_is_lost(
    translating: ServerProcess, model: ChatServer, dialogue: Path
) -> None:
    model.script(drop("2"), status(500))
    model.behaviour = faulty(0.3)
    try:
        frames = stream_file(translating, dialogue, target_lang="de", force_refresh="true")
    finally:
        model.behaviour = faulty(0.0)
    assert frames.result is not None
    for cue in frames.result["subtitles"]:
        assert cue["translatedText"] == shout(cue["text"], "(de)")


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [(refuses_key(), "translation_auth"), (out_of_quota, "translation_quota")],
    ids=["wrong key", "no quota"],
)
def test_14_a_refused_key_or_a_used_up_quota_costs_one_call_and_nothing_is_kept(
    start_server: StartServer, dialogue: Path, behaviour: object, code: str
) -> None:
    with ChatServer() as model:
        model.behaviour = behaviour  # type: ignore[assignment]
        server = start_server(
            TRANSLATION_PROVIDER="openai", SERVER_API_URL=model.url, SERVER_API_KEY="sk-secret-key"
        )
        frames = stream_file(server, dialogue, target_lang="fr")
        assert frames.result is None
        assert frames.error is not None
        assert frames.error["code"] == code
        assert frames.error["retryable"] is False
        assert len(model.calls) == 1
        again = post_file(server, dialogue, target_lang="fr")
        assert again.status_code == 502
        assert again.json()["code"] == code
        assert "sk-secret-key" not in server.log + again.text


def test_a_dead_model_server_is_an_error_and_not_silence(
    start_server: StartServer, dialogue: Path
) -> None:
    server = start_server(
        TRANSLATION_PROVIDER="openai",
        SERVER_API_URL="http://127.0.0.1:9/v1",
        SERVER_API_KEY="k",
        TRANSLATION_ATTEMPTS="2",
    )
    frames = stream_file(server, dialogue, target_lang="fr")
    assert frames.result is None
    assert frames.error is not None
    assert frames.error["code"] == "translation_failed"
    assert frames.error["retryable"] is True

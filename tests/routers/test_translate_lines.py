"""`/api/translate` and `/api/usage` at the real server; 32 is the contract's number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bench.speech import SENTENCES
from tests import chat_behaviours as b
from tests.chat_server import ChatServer, shout
from tests.conftest import StartServer
from tests.server import ServerProcess

TEXTS = [f"{SENTENCES[n % len(SENTENCES)][:-1]}, and that {n} times." for n in range(60)]
OWN_KEY = "sk-the-caller-s-own"


@pytest.fixture(scope="module")
def model() -> Iterator[ChatServer]:
    with ChatServer(chunk_chars=100) as running:
        yield running


@pytest.fixture(scope="module")
def translating(start_server: StartServer, model: ChatServer) -> ServerProcess:
    return start_server(
        TRANSLATION_PROVIDER="openai",
        SERVER_API_URL=model.url,
        SERVER_API_KEY="sk-server",
        SERVER_MODEL="gpt-4o-mini",
        API_KEYS="alpha,beta",
        ALLOW_PRIVATE_URLS="true",
        RATE_LIMITS_ENABLED="false",
    )


@pytest.fixture(autouse=True)
def calm(model: ChatServer) -> None:
    model.behaviour = b.fine
    model.calls.clear()


def ask(server: ServerProcess, key: str = "alpha", **body: Any) -> Any:
    with server.client(headers={"X-API-Key": key}) as client:
        return client.post("/api/translate", json=body)


def usage(server: ServerProcess, key: str) -> Any:
    with server.client(headers={"X-API-Key": key}) as client:
        return client.get("/api/usage").json()


def subtitles(*texts: str) -> list[dict[str, Any]]:
    return [{"text": text, "start": 0, "end": 9} for text in texts]


def test_as_many_lines_come_back_each_in_its_place(
    translating: ServerProcess, model: ChatServer
) -> None:
    model.behaviour = b.faulty(0.2, 3)
    texts = [*TEXTS, "", "♪"]
    before = usage(translating, "alpha"), usage(translating, "beta")
    answer = ask(translating, subtitles=subtitles(*texts), source_lang="en", target_lang="de")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["translations"] == [*(shout(text, "(de)") for text in TEXTS), "", "♪"]
    assert body["usage"]["requests"] >= 4
    assert body["usage"]["cost_usd"] > 0
    assert {call.authorization for call in model.calls} == {"Bearer sk-server"}
    after = usage(translating, "alpha"), usage(translating, "beta")
    spent = after[0]["prompt_tokens"] - before[0]["prompt_tokens"]
    assert spent == body["usage"]["prompt_tokens"]
    assert after[1] == before[1]
    assert len(after[0]["caller"]) == 12


def test_what_was_taken_out_of_a_translation_is_told(
    translating: ServerProcess, model: ChatServer
) -> None:
    def labelled(call: b.Call, reply: b.Reply) -> b.Reply:
        return b.Reply(members=tuple((key, f"Traducción: {text}") for key, text in reply.members))

    model.behaviour = labelled
    body = ask(translating, subtitles=subtitles(TEXTS[1]), target_lang="es").json()
    assert body["translations"] == [shout(TEXTS[1], "(es)")]
    (notice,) = body["notices"]
    assert notice["code"] == "translations_tidied"
    assert "label (line 0)" in notice["message"]


def test_defaults_are_from_any_language_into_english(
    translating: ServerProcess, model: ChatServer
) -> None:
    answer = ask(translating, subtitles=[{"text": "El río subió mucho anoche."}, {"text": None}])
    assert answer.json()["translations"] == [shout("El río subió mucho anoche.", "(en)"), ""]
    assert "from" not in model.calls[0].system.splitlines()[0]
    same = ask(translating, subtitles=[{"text": "It is."}], source_lang="en", target_lang="en-GB")
    assert same.json() == {"translations": ["It is."], "usage": None}


def test_a_key_of_one_s_own_goes_to_its_own_provider(
    translating: ServerProcess, model: ChatServer
) -> None:
    with ChatServer() as theirs:
        before = usage(translating, "alpha")
        answer = ask(
            translating,
            subtitles=subtitles(*TEXTS[:3]),
            target_lang="es",
            api_key=OWN_KEY,
            api_url=theirs.url,
            model="their/model:1",
        )
        assert answer.json()["translations"] == [shout(text, "(es)") for text in TEXTS[:3]]
        (call,) = theirs.calls
        assert call.authorization == f"Bearer {OWN_KEY}"
        assert call.body["model"] == "their/model:1"
        theirs.behaviour = b.refuses_key()
        refused = ask(
            translating,
            subtitles=subtitles(*TEXTS[:3]),
            api_key=OWN_KEY,
            api_url=theirs.url,
            model="m",
        )
        assert refused.status_code == 502
        assert refused.json()["code"] == "translation_auth"
        assert refused.json()["retryable"] is False
    assert model.calls == []
    assert usage(translating, "alpha") == before, "the caller pays for it"
    assert OWN_KEY not in translating.log + refused.text


def test_lines_that_cannot_be_translated_are_named_and_not_left_blank(
    translating: ServerProcess, model: ChatServer
) -> None:
    def never_the_third(call: b.Call, reply: b.Reply) -> b.Reply:
        lost = [key for key, text in call.lines.items() if text == TEXTS[2]]
        return b.drop(*lost)(call, reply)

    model.behaviour = never_the_third
    answer = ask(translating, subtitles=subtitles(*TEXTS[:4]), target_lang="es")
    assert answer.status_code == 502
    assert answer.json() == {
        "error": "No translation came back for lines 2",
        "code": "translation_incomplete",
        "retryable": True,
    }


ADVICE = ": write its code, such as es, pt-BR or zh-TW"
GOOD = {"subtitles": [{"text": "x"}], "target_lang": "es"}
OWN = {**GOOD, "api_key": OWN_KEY, "model": "m"}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "No subtitles provided"),
        ({"subtitles": []}, "No subtitles provided"),
        ({**GOOD, "subtitles": [{"text": "x"}] * 2001}, "Too many subtitles: 2000 at most"),
        (
            {**GOOD, "target_lang": "no such language"},
            f"Invalid target language 'no such language'{ADVICE}",
        ),
        ({**GOOD, "target_lang": "auto"}, "Invalid target language"),
        (
            {**GOOD, "source_lang": "no such language"},
            f"Invalid source language 'no such language'{ADVICE}",
        ),
        (
            {**GOOD, "api_url": "https://example.com/v1"},
            "API key is required with an API URL of one's own",
        ),
        ({**OWN, "model": None}, "model: Model is required with api_key"),
        ({**OWN, "model": "two words"}, "model: Invalid model ID"),
        ({**OWN, "api_url": "http://169.254.169.254/v1"}, "api_url: Invalid API URL"),
        ({**OWN, "api_url": "file:///etc/passwd"}, "api_url: Invalid API URL"),
    ],
)
def test_32_what_is_wrong_with_a_request(
    translating: ServerProcess, model: ChatServer, body: dict[str, Any], error: str
) -> None:
    answer = ask(translating, **body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"] == error
    assert answer.json()["retryable"] is False
    assert model.calls == []


def test_malformed_bodies_and_wrong_keys_are_refused(translating: ServerProcess) -> None:
    assert ask(translating, subtitles="x").status_code == 400
    assert ask(translating, subtitles=[{"text": 5}]).status_code == 400
    secret = ask(translating, subtitles=subtitles("x"), api_key=[OWN_KEY])
    assert secret.status_code == 400
    assert OWN_KEY not in secret.text + translating.log
    assert ask(translating, "gamma", **GOOD).status_code == 401
    with translating.client() as client:
        assert client.get("/api/usage").status_code == 401


def test_the_metrics_tell_what_models_cost(translating: ServerProcess) -> None:
    ask(translating, **GOOD)
    with translating.client(headers={"X-API-Key": "beta"}) as client:
        text = client.get("/metrics").text
    for kind in ("prompt", "completion"):
        assert f'cuestream_llm_tokens_total{{kind="{kind}",model="gpt-4o-mini"}}' in text
    assert 'cuestream_llm_cost_usd_total{model="gpt-4o-mini"}' in text


def test_without_a_language_model_the_embedded_translator_answers(server: ServerProcess) -> None:
    with server.client() as client:
        body = {"subtitles": subtitles("The house is red.", "The dog eats."), "target_lang": "es"}
        answer = client.post("/api/translate", json=body)
        assert answer.json() == {
            "translations": ["La casa es roja.", "El perro come."],
            "usage": None,
        }
        refused = client.post("/api/translate", json={**body, "target_lang": "fr"})
        assert refused.status_code == 400
        assert refused.json()["code"] == "invalid_language"
        assert client.get("/api/usage").json()["requests"] == 0


def test_32_a_private_address_is_refused_before_any_connection(
    start_server: StartServer, model: ChatServer
) -> None:
    server = start_server()
    answer = ask(server, **{**OWN, "api_url": model.url})
    assert answer.status_code == 400
    assert answer.json() == {
        "error": "api_url: Invalid API URL",
        "code": "url_blocked",
        "retryable": False,
    }
    assert model.calls == []

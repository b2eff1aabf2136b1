"""Providers by name: address, key, model, concurrency and what each is sent."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from app.domain.errors import EngineLoadError
from app.services.translation.llm.chat_translator import ChatTranslator
from app.services.translation.llm.endpoint import check_endpoint, fallback_endpoint, main_endpoint
from app.services.translation.llm.vendors import VENDORS
from app.settings import Settings, TranslationSettings, VendorSettings
from tests import chat_behaviours as b
from tests.chat_server import ChatServer
from tests.chatting import QUICK, lines_of, right, translated

KEYS = {
    "openai": "OPENAI",
    "openrouter": "OPENROUTER",
    "deepseek": "DEEPSEEK",
    "mistral": "MISTRAL",
    "google": "GOOGLE",
    "anthropic": "ANTHROPIC",
}


@pytest.mark.parametrize("name", KEYS)
def test_a_vendor_s_own_variables_are_enough(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_PROVIDER", name)
    with pytest.raises(EngineLoadError, match=f"set SERVER_API_KEY or {KEYS[name]}_API_KEY"):
        check_endpoint(main_endpoint(Settings()))
    for other in set(KEYS.values()) - {KEYS[name]}:
        monkeypatch.setenv(f"{other}_API_KEY", f"key-of-{other}")
    monkeypatch.setenv(f"{KEYS[name]}_API_KEY", "sk-own")
    monkeypatch.setenv(f"{KEYS[name]}_MODEL", "own-model")
    monkeypatch.setenv(f"{KEYS[name]}_CONCURRENT_REQUESTS", "7")
    endpoint = main_endpoint(Settings())
    check_endpoint(endpoint)
    assert endpoint.key == SecretStr("sk-own")
    assert (endpoint.model, endpoint.concurrency) == ("own-model", 7)
    assert endpoint.base_url == VENDORS[name].base_url
    assert endpoint.base_url.startswith("https://")
    assert ChatTranslator(Settings()).name == name


def test_the_server_s_variables_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "TRANSLATION_PROVIDER": "mistral",
        "MISTRAL_API_KEY": "sk-own",
        "MISTRAL_MODEL": "own-model",
        "MISTRAL_CONCURRENT_REQUESTS": "7",
        "SERVER_API_KEY": "sk-server",
        "SERVER_MODEL": "server-model",
        "SERVER_API_URL": "https://gateway.example/v1",
        "TRANSLATION_CONCURRENCY": "3",
    }.items():
        monkeypatch.setenv(name, value)
    endpoint = main_endpoint(Settings())
    assert endpoint.key == SecretStr("sk-server")
    assert endpoint.model == "server-model"
    assert endpoint.base_url == "https://gateway.example/v1"
    assert endpoint.concurrency == 3
    assert "sk-server" not in repr(endpoint)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("http://box:11434", "http://box:11434/v1"),
        ("http://box:11434/", "http://box:11434/v1"),
        ("http://box/ollama/v1", "http://box/ollama/v1"),
    ],
)
def test_models_at_home_need_no_key(given: str, url: str) -> None:
    vendors = VendorSettings.model_validate({"ollama_base_url": given})
    settings = Settings(translation=TranslationSettings(provider="ollama"), vendors=vendors)
    endpoint = main_endpoint(settings)
    check_endpoint(endpoint)
    assert (endpoint.base_url, endpoint.key, endpoint.model) == (url, None, "llama3.3")
    studio = TranslationSettings(provider="lmstudio", server_model="qwen")
    endpoint = main_endpoint(Settings(translation=studio))
    check_endpoint(endpoint)
    assert endpoint.base_url == "http://localhost:1234/v1"
    llama = TranslationSettings(provider="llamacpp", server_model="qwen")
    endpoint = main_endpoint(Settings(translation=llama))
    check_endpoint(endpoint)
    assert (endpoint.base_url, endpoint.concurrency) == ("http://localhost:8080/v1", 8)
    assert ChatTranslator(Settings(translation=llama)).concurrency == 1, "it grows"


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        ({"provider": "openai_compatible", "server_model": "m"}, "set SERVER_API_URL"),
        ({"provider": "openai_compatible", "server_api_url": "http://x"}, "set SERVER_MODEL"),
        ({"provider": "lmstudio"}, "set SERVER_MODEL"),
    ],
)
def test_what_nobody_has_said_is_asked_for(changes: dict[str, Any], advice: str) -> None:
    settings = Settings(translation=TranslationSettings(**changes))
    with pytest.raises(EngineLoadError, match=advice):
        check_endpoint(main_endpoint(settings))


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("mistral", "has no key: set MISTRAL_API_KEY$"),
        ("openai_compatible", "has no address: FALLBACK_PROVIDER needs one with an address$"),
        ("lmstudio", "has no model: set FALLBACK_MODEL$"),
    ],
)
async def test_of_a_fallback_only_what_it_reads_is_advised(name: str, advice: str) -> None:
    values = {"provider": "openai", "server_api_key": SecretStr("sk"), "fallback_provider": name}
    translator = ChatTranslator(Settings(translation=TranslationSettings.model_validate(values)))
    with pytest.raises(EngineLoadError, match=advice):
        await translator.probe()


def test_a_key_that_no_variable_holds_is_not_advised() -> None:
    values = {"provider": "lmstudio", "server_model": "m", "server_api_key": SecretStr("two words")}
    settings = Settings(translation=TranslationSettings.model_validate(values))
    with pytest.raises(EngineLoadError, match=r"^SERVER_API_KEY holds a blank"):
        check_endpoint(main_endpoint(settings))


def test_where_a_fallback_is_asked() -> None:
    def fallback(**changes: Any) -> Any:
        values = {"provider": "openai", "server_api_key": SecretStr("sk"), **changes}
        vendors = VendorSettings.model_validate({"deepseek_api_key": "sk-deep"})
        return fallback_endpoint(
            Settings(translation=TranslationSettings(**values), vendors=vendors)
        )

    assert fallback() is None
    same = fallback(fallback_model="other")
    assert (same.vendor.name, same.model, same.key) == ("openai", "other", SecretStr("sk"))
    away = fallback(fallback_provider="deepseek", server_api_url="https://gateway.example")
    assert (away.base_url, away.model) == (VENDORS["deepseek"].base_url, "deepseek-chat")
    assert away.key == SecretStr("sk-deep")


FIRST_FORMS = {
    "openai": ("json_schema", "max_completion_tokens", True),
    "openrouter": ("json_schema", "max_tokens", True),
    "deepseek": ("json_object", "max_tokens", True),
    "mistral": ("json_schema", "max_tokens", False),
    "google": ("json_schema", "max_tokens", True),
    "anthropic": ("json_object", "max_tokens", True),
    "ollama": ("json_schema", "max_tokens", True),
    "lmstudio": ("json_schema", "max_tokens", True),
    "llamacpp": ("json_schema", "max_tokens", True),
    "openai_compatible": ("json_schema", None, True),
}


async def test_each_vendor_is_sent_what_it_takes() -> None:
    assert set(FIRST_FORMS) == set(VENDORS)
    lines = lines_of("The river was high that year.")
    with ChatServer() as server:
        for name, (form, limit, usage) in FIRST_FORMS.items():
            translator = at(server, name)
            assert await translated(translator, lines) == right(lines)
            body = server.calls.pop().body
            assert body["response_format"]["type"] == form, name
            limits = [key for key in ("max_tokens", "max_completion_tokens") if key in body]
            assert limits == ([limit] if limit else []), name
            assert ("stream_options" in body) is usage, name
            await translator.close()
        server.behaviour = b.lacks("json_schema")
        translator = at(server, "lmstudio")
        assert await translated(translator, lines) == right(lines)
        assert [call.form for call in server.calls] == ["json_schema", "text"]
        await translator.close()


async def test_what_a_server_stumbles_over_is_left_out() -> None:
    def strict(call: b.Call, reply: b.Reply) -> b.Reply:
        known = {"model", "messages", "stream", "response_format"}
        return reply if set(call.body) <= known else b.status(422)(call, reply)

    lines = lines_of("The river was high that year.")
    with ChatServer() as server:
        server.behaviour = strict
        translator = at(server, "openai")
        for _ in range(2):
            assert await translated(translator, lines) == right(lines)
        forms = [call.form for call in server.calls]
        assert forms == ["json_schema", "json_object", "text", "json_schema", "json_schema"]
        await translator.close()


async def test_nothing_of_the_environment_goes_to_a_provider(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-secret")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-secret")
    with ChatServer() as server:
        translator = at(server, "openai_compatible")
        await translated(translator, lines_of("The river was high."))
        assert "secret" not in str(server.calls[0].headers)
        assert server.calls[0].headers["authorization"] == "Bearer none"
        await translator.close()


def at(server: ChatServer, name: str) -> ChatTranslator:
    translation = TranslationSettings.model_validate(
        {"provider": name, "server_api_url": server.url, "server_model": "m", "attempts": 1}
    )
    return ChatTranslator(Settings(translation=translation), QUICK)

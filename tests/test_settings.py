"""Settings explain themselves, and docs/settings.md says the same."""

import pytest
from pydantic import SecretStr, ValidationError

from app.services.translation.llm.endpoint import main_endpoint
from app.settings import (
    AccessSettings,
    ServerSettings,
    Settings,
    WhisperSettings,
    child_environment,
)
from scripts.settings_table import PAGE, env_names, fields, page, tables


def test_every_setting_says_what_it_does() -> None:
    for group, name, field in fields():
        assert field.description, f"{group.__name__}.{name} has no text"
        assert len(field.description) > 10


def test_the_page_of_settings_is_what_the_code_says() -> None:
    assert tables() in page()
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m scripts.settings_table"


def test_no_two_settings_share_a_variable() -> None:
    names = [name for group, field, info in fields() for name in env_names(group, field, info)]
    assert len(names) == len(set(names))


def test_legacy_names_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKER_MODEL_SIZE", "large-v3")
    monkeypatch.setenv("LLM_PROVIDER", "openai")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    monkeypatch.setenv("OPENAI_MODEL", "gpt-4o")
    settings = Settings()
    assert settings.whisper.model == "large-v3"
    assert settings.translation.provider == "openai"
    endpoint = main_endpoint(settings)
    assert endpoint.model == "gpt-4o"
    assert endpoint.key == SecretStr("sk-1")
    monkeypatch.setenv("WHISPER_MODEL", "small")
    monkeypatch.setenv("SERVER_MODEL", "other")
    assert WhisperSettings().model == "small", "the current name wins"
    assert main_endpoint(Settings()).model == "other"


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEYS", "alpha,beta")
    monkeypatch.setenv("SERVER_API_KEY", "gamma")
    monkeypatch.setenv("HF_TOKEN", "delta")
    shown = repr(Settings())
    assert not any(secret in shown for secret in ("alpha", "beta", "gamma", "delta"))
    assert len(AccessSettings().api_keys) == 2
    assert "gamma" not in child_environment().values()


@pytest.mark.parametrize(
    ("environment", "mode", "port", "upload_mb", "limit_s"),
    [
        ({}, "local", 5001, 2048, None),
        ({"RUNPOD_POD_ID": "p"}, "pod", 5001, 2048, None),
        ({"RUNPOD_POD_ID": "p", "RUNPOD_ENDPOINT_ID": "e"}, "load_balancer", 80, 30, 300),
        ({"RUNPOD_ENDPOINT_ID": "e", "RUNPOD_WEBHOOK_GET_JOB": "x"}, "queue", 5001, 2048, None),
        ({"RUNPOD_ENDPOINT_ID": "e", "MODE": "pod", "PORT": "9"}, "pod", 9, 2048, None),
    ],
)
def test_runpod_05_the_platform_decides_what_is_not_set(
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    mode: str,
    port: int,
    upload_mb: int,
    limit_s: float | None,
) -> None:
    for name in ("MODE", "PORT", "RUNPOD_POD_ID", "RUNPOD_ENDPOINT_ID", "RUNPOD_WEBHOOK_GET_JOB"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.mode == mode
    assert settings.port == port
    assert settings.max_upload_bytes == upload_mb * 2**20
    assert settings.sync_limit_s == limit_s


def test_a_wrong_value_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "many")
    with pytest.raises(ValidationError, match="port"):
        ServerSettings()
    monkeypatch.setenv("PORT", "")
    assert ServerSettings().port is None, "an empty variable is not set"

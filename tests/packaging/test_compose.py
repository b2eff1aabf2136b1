"""docker-compose.yml and .env.example say what the image and the settings say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import app
from app.settings import Settings
from scripts.env_example import EXAMPLE, example
from scripts.settings_table import env_names, fields
from tests.server import ROOT


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


@pytest.mark.parametrize("name", ["gpu", "cpu"])
def test_both_services_run_the_image_of_this_version(compose: dict[str, Any], name: str) -> None:
    service = compose["services"][name]
    assert service["image"] == f"cuestream:{app.__version__}"
    assert service["build"] == {"context": ".", "dockerfile": "Dockerfile.server"}
    assert service["profiles"] == [name], "neither starts the other"


@pytest.mark.parametrize("name", ["gpu", "cpu"])
def test_the_port_of_env_is_the_port_outside_too(compose: dict[str, Any], name: str) -> None:
    service = compose["services"][name]
    assert service["ports"] == ["${PORT:-5001}:${PORT:-5001}"]
    assert service["env_file"] == [{"path": ".env", "required": False}]


def test_the_grace_time_is_longer_than_gunicorns_own(compose: dict[str, Any]) -> None:
    config = (ROOT / "gunicorn.conf.py").read_text()
    own = re.search(r"^graceful_timeout = (\d+)$", config, re.MULTILINE)
    assert own is not None
    for service in compose["services"].values():
        assert int(service["stop_grace_period"].removesuffix("s")) > int(own[1])


def test_models_and_finished_work_survive_where_the_image_may_write(
    compose: dict[str, Any],
) -> None:
    image = (ROOT / "Dockerfile.server").read_text()
    assert "MODEL_CACHE_DIR=/models" in image
    assert "--owner cuestream --group cuestream /models /cache" in image
    for service in compose["services"].values():
        assert service["volumes"] == ["models:/models", "cache:/cache"]
        assert service["environment"]["CACHE_DIR"] == "/cache"
    assert set(compose["volumes"]) == {"models", "cache"}


def test_only_one_service_asks_for_a_gpu(compose: dict[str, Any]) -> None:
    services = compose["services"]
    (device,) = services["gpu"]["deploy"]["resources"]["reservations"]["devices"]
    assert device["driver"] == "nvidia"
    assert device["capabilities"] == ["gpu"]
    assert "deploy" not in services["cpu"]
    assert services["cpu"]["environment"] == {"CACHE_DIR": "/cache", "ASR_DEVICE": "cpu"}


def test_the_example_is_made_from_the_settings() -> None:
    assert EXAMPLE.read_text() == example(), "run make settings"


def test_the_example_has_every_setting_once() -> None:
    named = re.findall(r"^#([A-Z0-9_]+)=", EXAMPLE.read_text(), re.MULTILINE)
    assert sorted(named) == sorted(env_names(group, n, field)[0] for group, n, field in fields())


def test_its_values_are_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for group, name, field in fields():
        for variable in env_names(group, name, field):
            monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)
    untouched = Settings()
    lines = re.sub(r"^#([A-Z0-9_]+=)", r"\1", EXAMPLE.read_text(), flags=re.MULTILINE)
    (tmp_path / ".env").write_text(lines)
    assert Settings() == untouched
    (tmp_path / ".env").write_text(lines.replace("\nMAX_JOBS=32", "\nMAX_JOBS=7"))
    assert Settings().jobs.max_jobs == 7, "the file is read at all"

"""The RunPod Hub listing against the platform's rules. Source: RunPod's publishing guide."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from scripts.settings_table import env_names, fields
from tests.server import ROOT

CATEGORIES = {"audio", "embedding", "language", "video", "image"}
POOLS = {
    "AMPERE_16",
    "AMPERE_24",
    "ADA_24",
    "AMPERE_48",
    "ADA_48_PRO",
    "AMPERE_80",
    "ADA_80_PRO",
    "HOPPER_141",
}
INPUT_KEYS = {
    "name",
    "type",
    "description",
    "default",
    "required",
    "advanced",
    "options",
    "min",
    "max",
    "trueValue",
    "falseValue",
}
KINDS = {"string": str, "number": (int, float), "boolean": bool, "huggingface": str}
"""Types of an input, and what its default must be."""


def read_by_the_code() -> set[str]:
    return {name for group, n, field in fields() for name in env_names(group, n, field)}


FOLDERS = {"LB": ROOT / ".runpod", None: ROOT / ".runpod" / "queue"}
"""Folders of the listings by the kind of endpoint; without one it is a queue."""


@pytest.fixture(scope="module", params=list(FOLDERS), ids=["load_balancer", "queue"])
def kind(request: pytest.FixtureRequest) -> str | None:
    found: str | None = request.param
    return found


@pytest.fixture(scope="module")
def hub(kind: str | None) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FOLDERS[kind] / "hub.json").read_text())
    return loaded


@pytest.fixture(scope="module")
def tests(kind: str | None) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FOLDERS[kind] / "tests.json").read_text())
    return loaded


def test_runpod_39_the_listing_has_what_it_must(kind: str | None, hub: dict[str, Any]) -> None:
    assert hub["title"]
    assert hub["description"]
    assert hub["type"] == "serverless"
    assert hub["category"] in CATEGORIES
    config = hub["config"]
    assert config["runsOn"] == "GPU"
    assert config.get("endpointType") == kind
    assert type(config["containerDiskInGb"]) is int
    assert config["gpuCount"] >= 1


def test_runpod_39_gpus_are_pools_that_exist(hub: dict[str, Any]) -> None:
    pools = [pool.strip() for pool in hub["config"]["gpuIds"].split(",")]
    assert pools
    assert {pool for pool in pools if not pool.startswith("-")} <= POOLS


def test_runpod_39_cuda_versions_begin_with_the_images_own(
    hub: dict[str, Any], tests: dict[str, Any]
) -> None:
    for listing in (hub, tests):
        versions = listing["config"]["allowedCudaVersions"]
        assert all(re.fullmatch(r"\d+\.\d+", version) for version in versions)
        for image in ("server", "worker"):
            text = (ROOT / f"Dockerfile.{image}").read_text()
            base = re.search(r"nvidia/cuda:(\d+\.\d+)", text)
            assert base is not None
            assert versions[0] == base[1], "older hosts refuse the image"
        assert versions == sorted(versions, key=lambda v: [int(part) for part in v.split(".")])


def test_runpod_39_variables_are_read_by_the_code(
    hub: dict[str, Any], tests: dict[str, Any]
) -> None:
    for config in (hub["config"], tests["config"]):
        keys = [variable["key"] for variable in config["env"]]
        assert len(keys) == len(set(keys))
        assert set(keys) <= read_by_the_code()


def test_runpod_39_inputs_are_well_formed(hub: dict[str, Any]) -> None:
    for variable in hub["config"]["env"]:
        assert variable.keys() in ({"key", "value"}, {"key", "input"})
        if "value" in variable:
            assert isinstance(variable["value"], str)
            continue
        field = variable["input"]
        assert field.keys() <= INPUT_KEYS
        assert field["name"]
        assert field["description"]
        assert isinstance(field["default"], KINDS[field["type"]])
        options = [option["value"] for option in field.get("options", [])]
        assert not options or field["default"] in options
        if field["type"] == "number":
            assert field["min"] <= field["default"] <= field["max"]


def test_runpod_39_what_the_listing_offers_is_accepted(
    hub: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings: dict[str, list[str]] = {}
    for variable in hub["config"]["env"]:
        field = variable.get("input", {"default": variable.get("value")})
        choices = [option["value"] for option in field.get("options", [])]
        settings[variable["key"]] = [str(value) for value in [field["default"], *choices]]
    groups = {name: group for group, n, info in fields() for name in env_names(group, n, info)}
    for name, chosen in settings.items():
        for value in chosen:
            with monkeypatch.context() as patch:
                patch.setenv(name, value)
                groups[name]()


def test_runpod_39_models_are_sizes_that_can_be_fetched(hub: dict[str, Any]) -> None:
    from faster_whisper.utils import available_models

    env = {variable["key"]: variable for variable in hub["config"]["env"]}
    offered = [option["value"] for option in env["WHISPER_MODEL"]["input"]["options"]]
    offered += [preset["defaults"]["WHISPER_MODEL"] for preset in hub["config"]["presets"]]
    assert set(offered) <= set(available_models())


def test_runpod_39_presets_set_variables_that_are_offered(hub: dict[str, Any]) -> None:
    offered = {variable["key"] for variable in hub["config"]["env"] if "input" in variable}
    for preset in hub["config"]["presets"]:
        assert preset["name"]
        assert preset["defaults"].keys() <= offered


def test_runpod_39_both_listings_offer_the_same_choices(hub: dict[str, Any]) -> None:
    def offered(listing: dict[str, Any]) -> dict[str, Any]:
        inputs = {
            each["key"]: each["input"] for each in listing["config"]["env"] if "input" in each
        }
        doors = {"API_KEYS", "MAX_JOBS", "QUEUE_CONCURRENCY"}
        return {key: value for key, value in inputs.items() if key not in doors}

    first = json.loads((FOLDERS["LB"] / "hub.json").read_text())
    assert offered(hub) == offered(first)
    assert hub["config"]["presets"] == first["config"]["presets"]


def test_runpod_39_tests_leave_time_to_load_a_model(tests: dict[str, Any]) -> None:
    assert tests["tests"]
    for case in tests["tests"]:
        assert case["name"]
        assert isinstance(case["input"], dict)
        assert case["timeout"] >= 120_000
    assert tests["config"]["gpuTypeId"].startswith("NVIDIA ")
    assert tests["config"]["gpuCount"] == 1
    assert all(isinstance(variable["value"], str) for variable in tests["config"]["env"])

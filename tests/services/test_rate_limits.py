"""Counting requests within windows that move."""

import asyncio

import pytest
from pydantic import ValidationError

from app.domain.errors import RateLimitedError
from app.services import rate_limits
from app.services.rate_limits import MovingWindowStorage, RateLimits
from app.settings import Mode, RateLimitSettings, ServerSettings, Settings
from app.settings.rate_limit_settings import RateLimitGroup


async def allowed(
    limits: RateLimits, times: int, caller: str, group: RateLimitGroup = "process"
) -> int:
    """Ask a number of times and return how often it was allowed."""
    refused = 0
    for _ in range(times):
        try:
            await limits.count(group, caller)
        except RateLimitedError:
            refused += 1
    return times - refused


async def test_each_caller_and_each_group_is_counted_alone() -> None:
    limits = RateLimits(RateLimitSettings(process="3/hour", translate="2/hour"))
    assert await allowed(limits, 5, "a") == 3
    assert await allowed(limits, 5, "b") == 3
    assert await allowed(limits, 5, "a", "translate") == 2


async def test_a_refusal_says_when_to_come_back() -> None:
    limits = RateLimits(RateLimitSettings(process="2/minute"))
    await allowed(limits, 2, "a")
    with pytest.raises(RateLimitedError) as refusal:
        await limits.count("process", "a")
    assert 50 <= refusal.value.retry_after_s <= 60
    assert refusal.value.message == "Rate limit exceeded"
    assert "2 requests a minute" in refusal.value.advice


async def test_the_window_moves_and_refusals_do_not_count() -> None:
    limits = RateLimits(RateLimitSettings(process="3/second"))
    async with asyncio.timeout(20):
        await allowed(limits, 3, "a")
        refused = 0
        # Somebody who asks all the time still gets his turn a second later.
        while not await allowed(limits, 1, "a"):
            refused += 1
            await asyncio.sleep(0.05)
    assert refused > 3


async def test_several_limits_hold_together() -> None:
    limits = RateLimits(RateLimitSettings(process="5/hour; 3/hour"))
    assert await allowed(limits, 9, "a") == 3


async def test_limits_can_be_lifted_one_by_one_and_all_at_once() -> None:
    limits = RateLimits(RateLimitSettings(process="off", translate="1/hour"))
    assert await allowed(limits, 500, "a") == 500
    assert await allowed(limits, 5, "a", "translate") == 1
    assert (
        await allowed(RateLimits(RateLimitSettings(process="1/hour", enabled=False)), 50, "a") == 50
    )


async def test_callers_who_stay_away_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limits, "_SWEEP_EVERY_S", 0.0)
    windows = MovingWindowStorage()
    for number in range(1000):
        assert await windows.acquire_entry(f"caller {number}", 5, 1)
    await windows.acquire_entry("regular", 5, 3600)
    await asyncio.sleep(1.1)
    await windows.acquire_entry("new", 5, 3600)
    assert len(windows) == 2


def test_the_defaults_are_those_that_the_guide_tells() -> None:
    settings = RateLimitSettings()
    assert settings.enabled
    assert (settings.process, settings.transcribe) == ("30/minute", "10/minute")
    assert (settings.translate, settings.subtitles) == ("60/minute", "60/minute")
    assert (settings.tts_speak, settings.uploads) == ("120/minute", "600/minute")


@pytest.mark.parametrize("text", ["fast", "30", "30/fortnight", "-1/minute"])
def test_what_is_no_limit_is_refused_at_boot(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RATE_LIMIT_PROCESS", text)
    with pytest.raises(ValidationError, match="30/minute"):
        RateLimitSettings()


def test_proxies_are_a_number_or_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert RateLimitSettings().trusted_proxies is None
    monkeypatch.setenv("TRUSTED_PROXIES", "2")
    assert RateLimitSettings().trusted_proxies == 2
    monkeypatch.setenv("TRUSTED_PROXIES", "10.0.0.0/8, fd00::/8, 192.0.2.1")
    assert [str(n) for n in RateLimitSettings().trusted_proxies or ()] == [  # type: ignore[union-attr]
        "10.0.0.0/8",
        "fd00::/8",
        "192.0.2.1/32",
    ]
    monkeypatch.setenv("TRUSTED_PROXIES", "some")
    with pytest.raises(ValidationError):
        RateLimitSettings()


@pytest.mark.parametrize(
    ("mode", "trusted"), [("local", 0), ("queue", 0), ("pod", 1), ("load_balancer", 1)]
)
def test_platforms_that_put_a_proxy_ahead_have_it_believed(mode: Mode, trusted: int) -> None:
    assert Settings(server=ServerSettings(mode=mode)).trusted_proxies == trusted
    explicit = Settings(
        server=ServerSettings(mode=mode), limits=RateLimitSettings(trusted_proxies=3)
    )
    assert explicit.trusted_proxies == 3

"""Checks of what the server talks to: its port, its translator, its keys."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import Iterator

import httpx

from app.cli.machine_checks import CheckResult
from app.domain.errors import EngineLoadError
from app.services.translation.llm.endpoint import Endpoint, check_endpoint, endpoints_of
from app.settings import Settings, unused_variables

_CALL_S = 30
_REFUSED = (401, 403)
_QUOTA = (402, 429)


def service_checks(settings: Settings, *, calls: bool) -> Iterator[CheckResult]:
    """Yield what each check of a service finds.

    Args:
        settings: of the server.
        calls: whether a language model may be asked for one token.
    """
    yield from (_port(*listener) for listener in _listeners(settings))
    yield _access(settings)
    yield from _translator(settings, calls=calls)
    for text in unused_variables(settings):
        yield CheckResult("setting", "warning", text)


def _listeners(settings: Settings) -> Iterator[tuple[str, str, int]]:
    """Yield setting, address and port of everything that the server listens on."""
    host = settings.server.host
    yield "PORT", host, settings.port
    health = settings.server.port_health
    if health is not None and health != settings.port:
        yield "PORT_HEALTH", host, health
    if settings.wyoming.port is not None:
        yield "WYOMING_PORT", settings.wyoming.host, settings.wyoming.port


def _port(setting: str, host: str, port: int) -> CheckResult:
    name = "port" if setting == "PORT" else f"port ({setting})"
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            text = f"{host}:{port} cannot be had: {error.strerror}"
            advice = f"it is the server itself, or another program: set {setting} to a free one"
            return CheckResult(name, "warning", text, advice)
    return CheckResult(name, "ok", f"{host}:{port} is free")


def _access(settings: Settings) -> CheckResult:
    if settings.access.api_keys:
        return CheckResult("API keys", "ok", f"{len(settings.access.api_keys)} set")
    text = "none: whoever reaches the server may use it"
    return CheckResult("API keys", "warning", text, "set API_KEYS where strangers reach it")


def _translator(settings: Settings, *, calls: bool) -> Iterator[CheckResult]:
    provider = settings.translation.provider
    endpoints = endpoints_of(settings)
    if not endpoints:
        yield _other_translator(settings)
    for number, endpoint in enumerate(endpoints):
        name = f"translator ({endpoint.vendor.name}, {endpoint.model or 'no model'})"
        try:
            check_endpoint(endpoint, is_fallback=number > 0)
        except EngineLoadError as error:
            yield CheckResult(name, "broken", error.message, f"TRANSLATION_PROVIDER is {provider}")
            continue
        if calls:
            yield asked_for_a_token(name, endpoint)
        else:
            yield CheckResult(name, "ok", "configured; not asked")


def _other_translator(settings: Settings) -> CheckResult:
    provider = settings.translation.provider
    if provider in ("embedded", "apertium"):
        if shutil.which("apertium"):
            return CheckResult("translator", "ok", "apertium: English and Spanish")
        advice = "apt-get install apertium apertium-eng-spa, or set TRANSLATION_PROVIDER"
        return CheckResult("translator", "broken", "apertium is not installed", advice)
    url = settings.translation.libretranslate_url
    try:
        httpx.get(f"{url.rstrip('/')}/languages", timeout=_CALL_S).raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return CheckResult("translator", "broken", f"{url}: {error}", "set LIBRETRANSLATE_URL")
    return CheckResult("translator", "ok", f"LibreTranslate at {url}")


def asked_for_a_token(name: str, endpoint: Endpoint) -> CheckResult:
    """Ask a language model for one token: the only way to know that a key is good.

    Args:
        name: of the check.
        endpoint: that is asked.
    """
    return asyncio.run(_asked(name, endpoint))


async def _asked(name: str, endpoint: Endpoint) -> CheckResult:
    key = {"Authorization": f"Bearer {endpoint.key.get_secret_value()}"} if endpoint.key else {}
    limit = {endpoint.vendor.limit_name: 1} if endpoint.vendor.limit_name else {"max_tokens": 1}
    body = {"model": endpoint.model, "messages": [{"role": "user", "content": "Hi"}], **limit}
    url = f"{endpoint.base_url.rstrip('/')}/chat/completions"
    try:
        async with httpx.AsyncClient(timeout=_CALL_S) as client:
            response = await client.post(url, json=body, headers=key)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        text = f"{endpoint.base_url} cannot be reached: {error or type(error).__name__}"
        return CheckResult(name, "broken", text, "check SERVER_API_URL, and the network")
    except UnicodeEncodeError:
        text = "the key has letters that no request can carry"
        return CheckResult(name, "broken", text, "check SERVER_API_KEY")
    if response.is_success and _is_completion(response):
        return CheckResult(name, "ok", "it answered a request for one token")
    text = f"it answered {response.status_code}: {_without_key(response.text, endpoint)[:200]}"
    if response.status_code in _REFUSED:
        return CheckResult(name, "broken", text, "the key is wrong: check SERVER_API_KEY")
    if response.status_code in _QUOTA:
        return CheckResult(name, "broken", text, "the account has no credit, or asks for patience")
    return CheckResult(name, "broken", text, "check SERVER_MODEL and SERVER_API_URL")


def _is_completion(response: httpx.Response) -> bool:
    """Whether an answer is a model's rather than the page of a proxy or of another server."""
    try:
        answer = response.json()
    except ValueError:
        return False
    return isinstance(answer, dict) and isinstance(answer.get("choices"), list)


def _without_key(text: str, endpoint: Endpoint) -> str:
    """Return an answer without the key, which careless servers quote."""
    return text.replace(endpoint.key.get_secret_value(), "***") if endpoint.key else text

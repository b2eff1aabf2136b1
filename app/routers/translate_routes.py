"""`/api/translate`: texts in, their translations out."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from app.container import Services
from app.domain import errors as e
from app.domain.errors import BadRequestError, InvalidFieldError, InvalidLanguageError
from app.domain.language import parse_target
from app.routers.access.api_keys import caller_of, require_key
from app.routers.access.guarded_route import GuardedRoute
from app.routers.access.rate_limited import rate_limited
from app.routers.dependencies import ServicesDep
from app.routers.described import described
from app.routers.edge.request_body import large_json
from app.routers.patient_json import patient_json
from app.routers.raised_errors import answers_late, family, raises
from app.routers.server_answers import Translations
from app.services.translation.answer_remarks import AnswerRemarks
from app.services.translation.llm.ledger import JobLedger, unlimited_ledger
from app.services.translation.text.list_translation import translate_list
from app.services.translation.translator import LanguagePair, TranslationContext, Translator
from app.submission.request_fields import spoken_language

router = APIRouter(
    prefix="/api",
    tags=["subtitles"],
    dependencies=[Depends(require_key), rate_limited("translate"), large_json()],
    route_class=GuardedRoute,
)

_MAX_LINES = 2000
_MAX_CHARS = 2000
"""Of one subtitle line, which usually has about 80."""


def _none_as_empty(value: object) -> object:
    return "" if value is None else value


class TextBody(BaseModel):
    """One subtitle line."""

    model_config = ConfigDict(extra="ignore")

    text: Annotated[str, BeforeValidator(_none_as_empty)] = Field("", max_length=_MAX_CHARS)


class TranslateBody(BaseModel):
    """Body of `/api/translate`; unknown keys are ignored."""

    model_config = ConfigDict(extra="ignore")

    subtitles: Annotated[list[TextBody], Field(fail_fast=True)] | None = Field(
        None, description="Lines to translate, 2,000 at most"
    )
    source_lang: str | None = Field("auto", description="Their language; auto to detect it")
    target_lang: str | None = Field("en", description="Language to translate into")
    model: str | None = Field(None, description="Model, with a key of one's own")
    api_key: SecretStr | None = Field(None, description="Key of one's own; never kept")
    api_url: str | None = Field(None, description="Where that key is for; OpenAI unless given")
    force_refresh: bool | None = Field(False, description="Nothing is remembered here anyway")

    def texts(self) -> list[str]:
        """Return the lines to translate.

        Raises:
            BadRequestError: none, or too many.
        """
        if not self.subtitles:
            raise BadRequestError("No subtitles provided")
        if len(self.subtitles) > _MAX_LINES:
            raise BadRequestError(f"Too many subtitles: {_MAX_LINES} at most")
        return [line.text for line in self.subtitles]

    def pair(self) -> LanguagePair:
        """Return the source and the target language.

        Raises:
            InvalidLanguageError: not a language.
        """
        target = parse_target(self.target_lang)
        if target is None:
            raise InvalidLanguageError("Invalid target language")
        return LanguagePair(spoken_language(self.source_lang), target)


@router.post(
    "/translate",
    **described(
        "translateLines",
        "Translate lines",
        Translations,
        example={"subtitles": [{"text": "Where do you want to go?"}], "target_lang": "es"},
    ),
)
@raises(
    InvalidLanguageError,
    e.UrlBlockedError,
    e.NotReadyError,
    e.DrainingError,
    e.EngineLoadError,
    e.EngineError,
    e.ResourceLimitError,
    *family(e.TranslationError),
)
@answers_late
async def translate(request: Request, body: TranslateBody, services: ServicesDep) -> Response:
    """Translate a list of lines: as many come back, each in its place.

    With a key of one's own at that key's provider, without at the server's translator.
    """
    texts, pair = body.texts(), body.pair()
    key = body.api_key.get_secret_value().strip() if body.api_key else ""
    if body.api_url and not key:
        raise InvalidFieldError("API key is required with an API URL of one's own")
    if not key:
        services.readiness.admit()
        work = _with_server_key(caller_of(request), texts, pair, services)
    else:
        work = _with_own_key(body, SecretStr(key), texts, pair, services)
    return await patient_json(request, work, services.settings.server.sync_keepalive_after_s)


async def _with_server_key(
    caller: str, texts: list[str], pair: LanguagePair, services: Services
) -> dict[str, object]:
    await services.readiness.wait()
    ledger = services.ledgers.open(caller)
    return await _answer(services.readiness.translator, texts, pair, ledger)


async def _with_own_key(
    body: TranslateBody,
    key: SecretStr,
    texts: list[str],
    pair: LanguagePair,
    services: Services,
) -> dict[str, object]:
    # OpenAI's library takes a second to import, which servers without it are spared.
    from app.services.translation.llm.own_key import OwnKey, own_translator

    ledger = unlimited_ledger(services.settings)
    own_key = OwnKey(key, body.model, body.api_url)
    async with own_translator(own_key, services.settings) as translator:
        return await _answer(translator, texts, pair, ledger)


async def _answer(
    translator: Translator, texts: list[str], pair: LanguagePair, ledger: JobLedger
) -> dict[str, object]:
    remarks = AnswerRemarks("line")
    context = TranslationContext(ledger=ledger, remarks=remarks)
    translations = await translate_list(translator, texts, pair, context)
    usage = ledger.usage()
    costs = dataclasses.asdict(usage) if usage.requests else None
    answer: dict[str, object] = {"translations": translations, "usage": costs}
    if notices := [dataclasses.asdict(notice) for notice in remarks.notices()]:
        answer["notices"] = notices
    return answer

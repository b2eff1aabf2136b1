"""`/api/translate`: texts in, their translations out."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from app.container import Services
from app.domain.errors import BadRequestError, InvalidFieldError, InvalidLanguageError
from app.domain.language import parse_target
from app.routers.access.rate_limited import rate_limited
from app.routers.body import read_json
from app.routers.dependencies import ServicesDep, caller_of, require_key
from app.routers.error_responses import describe
from app.services.translation.llm.ledger import JobLedger, unlimited_ledger
from app.services.translation.text.lists import translate_list
from app.services.translation.translator import LanguagePair, TranslationContext, Translator
from app.submission.language_names import spoken_language

router = APIRouter(
    prefix="/api",
    tags=["subtitles"],
    dependencies=[Depends(require_key), rate_limited("translate")],
)

_MOST_LINES = 2000
_MOST_CHARS = 2000
"""Of one line; a subtitle has about 80."""


def _text(value: object) -> object:
    return "" if value is None else value


class TextBody(BaseModel):
    """One line."""

    model_config = ConfigDict(extra="ignore")

    text: Annotated[str, BeforeValidator(_text)] = Field("", max_length=_MOST_CHARS)


class TranslateBody(BaseModel):
    """Body of `/api/translate`; keys that we do not know are ignored."""

    model_config = ConfigDict(extra="ignore")

    subtitles: list[TextBody] | None = Field(None, description="Lines to translate, 2,000 at most")
    source_lang: str | None = Field("auto", description="Their language; auto to detect it")
    target_lang: str | None = Field("en", description="Language to translate into")
    model: str | None = Field(None, description="Model, with a key of one's own")
    api_key: SecretStr | None = Field(None, description="Key of one's own; never kept")
    api_url: str | None = Field(None, description="Where that key is for; OpenAI unless given")
    force_refresh: bool | None = Field(False, description="Nothing is remembered here anyway")

    def texts(self) -> list[str]:
        """Return what is to be translated.

        Raises:
            BadRequestError: nothing, or too much.
        """
        if not self.subtitles:
            raise BadRequestError("No subtitles provided")
        if len(self.subtitles) > _MOST_LINES:
            raise BadRequestError(f"Too many subtitles: {_MOST_LINES} at most")
        return [line.text for line in self.subtitles]

    def pair(self) -> LanguagePair:
        """Return from which language into which.

        Raises:
            InvalidLanguageError: not a language.
        """
        target = parse_target(self.target_lang)
        if target is None:
            raise InvalidLanguageError("Invalid target language")
        return LanguagePair(spoken_language(self.source_lang), target)


@router.post(
    "/translate",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": TranslateBody.model_json_schema()}},
        }
    },
)
async def translate(request: Request, services: ServicesDep) -> dict[str, object]:
    """Translate a list of lines: as many come back, each in its place.

    With a key of one's own at that key's provider, without at the server's translator.
    """
    body = await _read(request)
    texts, pair = body.texts(), body.pair()
    key = body.api_key.get_secret_value().strip() if body.api_key else ""
    if body.api_url and not key:
        raise InvalidFieldError("API key is required with an API URL of one's own")
    if not key:
        services.readiness.admit()
        await services.readiness.wait()
        ledger = services.ledgers.open(caller_of(request))
        return await _answer(services.readiness.translator, texts, pair, ledger)
    return await _with_own_key(body, SecretStr(key), texts, pair, services)


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
    own = OwnKey(key, body.model, body.api_url)
    async with own_translator(own, services.settings) as translator:
        return await _answer(translator, texts, pair, ledger)


async def _answer(
    translator: Translator, texts: list[str], pair: LanguagePair, ledger: JobLedger
) -> dict[str, object]:
    translations = await translate_list(translator, texts, pair, TranslationContext(ledger=ledger))
    usage = ledger.usage()
    spent = dataclasses.asdict(usage) if usage.requests else None
    return {"translations": translations, "usage": spent}


async def _read(request: Request) -> TranslateBody:
    try:
        return TranslateBody.model_validate(await read_json(request))
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        raise InvalidFieldError(describe(problems)) from None

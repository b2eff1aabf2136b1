"""Validation of bodies that FastAPI does not read itself."""

from __future__ import annotations

from typing import TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

Body = TypeVar("Body", bound=BaseModel)


def validated_body(model: type[Body], fields: object) -> Body:
    """Return fields as a model, with the errors of a body that FastAPI has read.

    Raises:
        RequestValidationError: a field is wrong.
    """
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        raise RequestValidationError(problems) from None

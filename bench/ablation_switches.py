"""Switches that disable one check of model answers each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import Any
from unittest.mock import patch

from app.services.translation.llm import chat_provider, response_formats
from app.services.translation.quality import (
    answer_checker,
    answer_order,
    cross_line_checks,
    length_ratio,
    line_batch,
    line_checks,
)

Switch = Callable[[], AbstractContextManager[object]]


def _off(*patches: tuple[object, str, Any]) -> Switch:
    @contextmanager
    def off() -> Iterator[None]:
        with ExitStack() as stack:
            for owner, name, value in patches:
                stack.enter_context(patch.object(owner, name, value))
            yield

    return off


def _no(*_: object, **__: object) -> bool:
    return False


def _none(*_: object, **__: object) -> None:
    return None


def _nothing(*_: object) -> Iterator[Any]:
    return iter(())


_find_defect = line_checks.find_defect


def _never_empty(source: str, text: str, pair: Any, prompt: str) -> Any:
    return _find_defect(source, text or " ", pair, prompt)


def _suspicious(*, figures: bool = True, same: bool = True) -> Callable[[Any, int, str], bool]:
    def is_suspicious(self: Any, place: int, text: str) -> bool:
        source = self._sources[place]
        questions = {cross_line_checks.is_question(each) for each in (source, text)}
        return (
            self._length_ratio.is_odd(source, text)
            or len(questions) > 1
            or (figures and bool(self._neighbour_figures(place, text)))
            or (same and bool(self._same_as(place, text)))
        )

    return is_suspicious


def _order(*, turn: bool = True) -> Callable[[Any, Any], Iterator[Any]]:
    def take(self: Any, member: Any) -> Iterator[Any]:
        key, value = member
        if key not in self._keys[self._passed :]:
            return
        inside = not turn or key == self._keys[self._passed]
        self._in_order = self._in_order and inside and not self._is_suspicious(member)
        if self._in_order:
            self._passed += 1
            yield member
        else:
            self._waiting.setdefault(key, set()).add(value)

    return take


def _rest(*, last: bool = True, contradictions: bool = True) -> Callable[[Any], Iterator[Any]]:
    def rest(self: Any) -> Iterator[Any]:
        if last and not self._at_once and self._keys[-1] not in self._waiting:
            return
        for key, values in self._waiting.items():
            if len(values) == 1 or not contradictions:
                yield key, sorted(values)[0]

    return rest


_read = response_formats.AnswerFormatFallback.read


def _complete(self: Any, form: Any, *, complete: bool) -> None:
    _read(self, form, complete=True)


_CROSS = cross_line_checks.CrossLineChecks
_RATIO = length_ratio.LengthRatio
_PENDING = line_batch.PendingLines
_ORDER = answer_order.OrderedAnswer
_CHECKER = answer_checker.AnswerChecker

SWITCHES: Mapping[str, Switch] = {
    "all on": nullcontext,
    "line: empty": _off((answer_checker, "find_defect", _never_empty)),
    "line: far too long": _off((line_checks, "_LONG_MORE", 10**9)),
    "line: repeats the prompt": _off((line_checks, "_leaks", _no)),
    "line: copy": _off((line_checks, "is_copy", _no)),
    "line: wrong script": _off((line_checks, "is_wrong_script", _no)),
    "line: far too short": _off((line_checks, "_SHORT_RATIO", 0.0)),
    "line: surely other language": _off((line_checks, "_of_language", _none)),
    "answer: language": _off((_CROSS, "_foreign", lambda *_: [])),
    "all of language_id": _off(
        (line_checks, "_of_language", _none),
        (_CROSS, "_foreign", lambda *_: []),
        (answer_checker, "looks_foreign", _none),
    ),
    "answer: merged": _off((_CROSS, "_merged", _nothing)),
    "answer: merged, by numbers": _off((_CROSS, "_merged_by_figures", _nothing)),
    "answer: merged, by length": _off((_CROSS, "_merged_by_length", _nothing)),
    "answer: shift": _off((_CROSS, "_shift", _none)),
    "answer: shift, by numbers": _off((_CROSS, "_shift_by_figures", _nothing)),
    "answer: shift, by repetition": _off((_CROSS, "_shift_by_repetition", _nothing)),
    "answer: shift, by missing last": _off((_CROSS, "_shift_by_missing_last", _nothing)),
    "answer: shift, by lengths": _off((_CROSS, "_shift_by_lengths", _nothing)),
    "answer: same text": _off((_CROSS, "_same_as", lambda *_: set())),
    "answer: boilerplate": _off((_CROSS, "boilerplate", lambda *_: set())),
    "all of length_ratio": _off(
        (_RATIO, "is_odd", _no), (_RATIO, "is_long", _no), (_RATIO, "shifted_from", _none)
    ),
    "all of cross_line_checks": _off(
        (_CROSS, "defects", lambda *_: {}),
        (_CROSS, "is_suspicious", _no),
        (_CROSS, "boilerplate", lambda *_: set()),
    ),
    "wait: all": _off((_CHECKER, "is_suspicious", _no)),
    "wait: odd length": _off((_RATIO, "is_odd", _no)),
    "wait: question marks": _off((cross_line_checks, "is_question", _no)),
    "wait: neighbour's number": _off((_CROSS, "is_suspicious", _suspicious(figures=False))),
    "wait: same text": _off((_CROSS, "is_suspicious", _suspicious(same=False))),
    "wait: looks foreign": _off((answer_checker, "looks_foreign", _none)),
    "order: long answers wait": _off((answer_order, "AT_ONCE_LINES", 10**9)),
    "order: keys in turn": _off((_ORDER, "take", _order(turn=False))),
    "order: last key": _off((_ORDER, "rest", _rest(last=False))),
    "order: contradictions": _off((_ORDER, "rest", _rest(contradictions=False))),
    "provider: distrust after a shift": _off((chat_provider.ChatProvider, "distrust", _none)),
    "provider: keys not enforced": _off((response_formats.AnswerFormatFallback, "read", _complete)),
    "rounds: repeated answers": _off((_PENDING, "is_confirmed", _no)),
    "all": _off(
        (answer_checker, "find_defect", _none),
        (_CROSS, "defects", lambda *_: {}),
        (_CROSS, "is_suspicious", _no),
        (_CROSS, "boilerplate", lambda *_: set()),
        (answer_checker, "looks_foreign", _none),
        (_ORDER, "rest", _rest(last=False, contradictions=False)),
    ),
}
"""Switches by the check that they disable."""

"""Switches that put one check of model answers out of work."""

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
from app.services.translation.text.figures import figures as figures_of

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


def _shift(
    *, figures: bool = True, repeated: bool = True, missing: bool = True, lengths: bool = True
) -> Callable[[Any], int | None]:
    def shift(self: Any) -> int | None:
        starts = [place - 1 for place in self._misplaced_figures()] if figures else []
        if repeated and any(place - 1 in self._same_as(place, t) for place, t in self._known()):
            starts.append(0)
        if missing and self._texts[-1] is None:
            starts += [
                p for p, t in self._known() if self._length_ratio.is_long(self._sources[p], t)
            ]
        if lengths and None not in self._texts:
            found = self._length_ratio.shifted_from(self._sources, self._texts)
            starts += [] if found is None else [found]
        return min(starts, default=None)

    return shift


def _merged(*, figures: bool, lengths: bool) -> Callable[[Any], Iterator[int]]:
    def merged(self: Any) -> Iterator[int]:
        missing = {place for place, text in enumerate(self._texts) if text is None}
        lost: frozenset[str] = frozenset().union(*(self._figures[place] for place in missing))
        for place, text in self._known():
            beside = missing.intersection(self._near(place))
            if (figures and figures_of(text) & lost - self._figures[place]) or (
                lengths and beside and self._length_ratio.is_long(self._sources[place], text)
            ):
                yield place

    return merged


def _suspicious(
    *, odd: bool = True, asks: bool = True, alien: bool = True, same: bool = True
) -> Callable[[Any, int, str], bool]:
    def is_suspicious(self: Any, place: int, text: str) -> bool:
        source = self._sources[place]
        return (
            (odd and self._length_ratio.is_odd(source, text))
            or (
                asks
                and cross_line_checks._is_question(source) != cross_line_checks._is_question(text)
            )
            or (alien and bool(self._neighbour_figures(place, text)))
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


def _groups_together(self: Any, size: int = line_batch.MAX_LINES) -> list[list[int]]:
    ids = self.missing
    return [ids[start : start + size] for start in range(0, len(ids), size)]


_read = response_formats.AnswerFormatFallback.read


def _complete(self: Any, form: Any, *, complete: bool) -> None:
    _read(self, form, complete=True)


def _suspicious_first_answers_only(self: Any, member: Any) -> bool:
    key, text = member[0], answer_checker.cleaned(member[1])
    source = self._batch.lines[key].text
    return bool(
        self._defect(key, text) is not None
        or line_checks.is_copy(source, text)
        or self._cross_line.is_suspicious(self._places[key], text)
        or line_checks.looks_foreign(text, self._batch.pair.target)
    )


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
    "line: copy": _off((line_checks, "is_copy", _no), (answer_checker, "is_copy", _no)),
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
    "answer: merged, by numbers": _off((_CROSS, "_merged", _merged(figures=False, lengths=True))),
    "answer: merged, by length": _off((_CROSS, "_merged", _merged(figures=True, lengths=False))),
    "answer: shift": _off((_CROSS, "_shift", _none)),
    "answer: shift, by numbers": _off((_CROSS, "_shift", _shift(figures=False))),
    "answer: shift, by repetition": _off((_CROSS, "_shift", _shift(repeated=False))),
    "answer: shift, by missing last": _off((_CROSS, "_shift", _shift(missing=False))),
    "answer: shift, by lengths": _off((_CROSS, "_shift", _shift(lengths=False))),
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
    "wait: odd length": _off((_CROSS, "is_suspicious", _suspicious(odd=False))),
    "wait: question marks": _off((_CROSS, "is_suspicious", _suspicious(asks=False))),
    "wait: neighbour's number": _off((_CROSS, "is_suspicious", _suspicious(alien=False))),
    "wait: same text": _off((_CROSS, "is_suspicious", _suspicious(same=False))),
    "wait: looks foreign": _off((answer_checker, "looks_foreign", _none)),
    "wait: copy": _off((answer_checker, "is_copy", _no)),
    "wait: asked again": _off((_CHECKER, "is_suspicious", _suspicious_first_answers_only)),
    "order: long answers wait": _off((answer_order, "AT_ONCE_LINES", 10**9)),
    "order: keys in turn": _off((_ORDER, "take", _order(turn=False))),
    "order: last key": _off((_ORDER, "rest", _rest(last=False))),
    "order: contradictions": _off((_ORDER, "rest", _rest(contradictions=False))),
    "provider: distrust after a shift": _off((chat_provider.ChatProvider, "distrust", _none)),
    "provider: keys not enforced": _off((response_formats.AnswerFormatFallback, "read", _complete)),
    "rounds: repeated lines alone": _off((_PENDING, "groups", _groups_together)),
    "rounds: insisted answers": _off((_PENDING, "is_confirmed", _no)),
    "all": _off(
        (answer_checker, "find_defect", _none),
        (_CROSS, "defects", lambda *_: {}),
        (_CROSS, "is_suspicious", _no),
        (_CROSS, "boilerplate", lambda *_: set()),
        (answer_checker, "looks_foreign", _none),
        (answer_checker, "is_copy", _no),
        (_ORDER, "rest", _rest(last=False, contradictions=False)),
    ),
}
"""Switches by the check that they switch off."""

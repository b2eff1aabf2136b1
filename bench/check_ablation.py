"""Ablation of the checks of language-model answers: ``python -m bench.check_ablation``.

A scripted model makes one kind of mistake at a time. Every kind runs with all checks and then
once more with each check switched off. What a check alone catches is the number of wrong lines
that reach the viewer without it, beyond those that do with it.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from app.domain.errors import TranslationError
from app.domain.language import Language
from app.services.translation.llm.backoff import Backoff
from app.services.translation.llm.chat_provider import ChatProvider
from app.services.translation.llm.chat_translator import ROUND_SIZES
from app.services.translation.llm.limiter import AdaptiveLimiter
from app.services.translation.llm.retry_rounds import RetryRounds
from app.services.translation.llm.vendors import VENDORS
from app.services.translation.quality.line_batch import PendingLines
from app.services.translation.quality.line_checks import letters_of
from app.services.translation.translator import LanguagePair, SourceLine
from bench.ablation_faults import FAULTS, Fault
from bench.ablation_material import Pairs, material
from bench.ablation_model import ScriptedConnection
from bench.ablation_switches import SWITCHES

_BATCHES = (4, 8, 16, 16, 8, 4, 12, 16)
"""Lines of the batches that one provider gets in turn, as a viewer's job and a file's mix them."""

_FAULTY = 0.6
"""Share of batches whose first answer is wrong; the others teach what is usual."""

_ATTEMPTS = 2


@dataclass(slots=True)
class Outcome:
    """Result of all batches of one kind of mistake.

    Attributes:
        wrong: lines that were accepted with another text than the right one.
        missing: lines that no request gave a translation.
        requests, tokens: of all batches.
    """

    wrong: int = 0
    missing: int = 0
    requests: int = 0
    tokens: int = 0


async def ablate(
    series: int, only: Sequence[str], kinds: Sequence[str]
) -> Mapping[tuple[str, str], Outcome]:
    """Return the outcomes by switch and fault; the switch ``all on`` is what we compare with."""
    pairs = await material()
    found: dict[tuple[str, str], Outcome] = {}
    for switch, off in SWITCHES.items():
        if only and switch not in ("all on", *only):
            continue
        for fault in FAULTS:
            if kinds and not fault.name.startswith(tuple(kinds)):
                continue
            with off():
                found[switch, fault.name] = await _outcome(fault, pairs[fault.target], series)
        print(report(found)[-1], flush=True)
    return found


async def _outcome(fault: Fault, pairs: Pairs, series: int) -> Outcome:
    outcome = Outcome()
    for seed in range(series):
        dice = random.Random(f"{fault.name} {seed}")
        connection = ScriptedConnection(pairs.right)
        rounds = RetryRounds(Backoff(0.0, 0.0, 1.0), _ATTEMPTS)
        limiter = AdaptiveLimiter(4)
        provider = ChatProvider("scripted", VENDORS["openai"], connection, limiter)
        for size in _BATCHES:
            texts = pairs.batch(fault.lines, size, dice)
            wrong = fault.make(dice) if dice.random() < _FAULTY else None
            connection.script(wrong, fault.answers)
            await _batch(rounds, provider, texts, pairs, outcome)
        outcome.requests += connection.requests
        outcome.tokens += connection.tokens
    return outcome


async def _batch(
    rounds: RetryRounds,
    provider: ChatProvider,
    texts: Sequence[str],
    pairs: Pairs,
    outcome: Outcome,
) -> None:
    lines = [SourceLine(number, text) for number, text in enumerate(texts)]
    pair = LanguagePair(Language(pairs.source), Language(pairs.target))
    work = PendingLines(lines, pair, ())
    try:
        async for line, text in rounds.rounds(provider, work, ROUND_SIZES + (1,) * _ATTEMPTS):
            outcome.wrong += letters_of(text) != letters_of(pairs.right[line.text])
    except TranslationError:
        pass
    outcome.missing += len(work.missing)


def report(found: Mapping[tuple[str, str], Outcome]) -> list[str]:
    """Return lines that say what each check alone catches and what it costs."""
    kinds = list(dict.fromkeys(fault for _, fault in found))
    switches = list(dict.fromkeys(switch for switch, _ in found))
    lines = [f"{'check':34} {'wrong':>6} {'missing':>8} {'requests':>9} {'tokens':>7}  what"]
    base = [found["all on", kind] for kind in kinds]
    for switch in switches:
        here = [found[switch, kind] for kind in kinds]
        more = {
            kind: now.wrong - then.wrong
            for kind, now, then in zip(kinds, here, base, strict=True)
            if now.wrong != then.wrong
        }
        caught = ", ".join(f"{kind} {count:+d}" for kind, count in more.items())
        lost = sum(o.missing for o in here) - sum(o.missing for o in base)
        calls = sum(o.requests for o in here) - sum(o.requests for o in base)
        tokens = sum(o.tokens for o in here) / sum(o.tokens for o in base) - 1
        wrong = sum(o.wrong for o in here) - sum(o.wrong for o in base)
        lines.append(f"{switch:34} {wrong:+6d} {lost:+8d} {calls:+9d} {tokens:+7.1%}  {caught}")
    return lines


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--series", type=int, default=2, help="providers for each kind of mistake")
    parser.add_argument("--only", nargs="*", default=[], help="checks to switch off")
    parser.add_argument("--kinds", nargs="*", default=[], help="beginnings of kinds of mistakes")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    found = asyncio.run(ablate(options.series, options.only, options.kinds))
    for (switch, fault), outcome in found.items():
        if switch == "all on":
            print(f"{fault:34} {outcome}")
    print("\n".join(report(found)))


if __name__ == "__main__":
    main()

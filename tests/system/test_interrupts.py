"""Interrupts that Python drops: each reaches the command all the same."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest

from app.system import interrupts
from app.system.interrupts import keyboard_interrupts
from tests.server import ROOT


class _Thing:
    """Is referred to weakly, and may end in a finalizer."""

    def __init__(self, at_end: Callable[[], object] = lambda: None) -> None:
        self._at_end = at_end

    def __del__(self) -> None:
        self._at_end()


def in_a_finalizer(number: int) -> None:
    _Thing(lambda: signal.raise_signal(number))


def in_the_callback_of_a_weak_reference(number: int) -> None:
    thing = _Thing()
    reference = weakref.ref(thing, lambda _: signal.raise_signal(number))
    del thing
    assert reference() is None


def in_the_garbage_collector(number: int) -> None:
    def collected(phase: str, _: object) -> None:
        gc.callbacks.remove(collected)  # the interpreter may collect by itself meanwhile
        signal.raise_signal(number)

    gc.callbacks.append(collected)
    gc.collect(0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    "drop", [in_a_finalizer, in_the_callback_of_a_weak_reference, in_the_garbage_collector]
)
def test_what_python_drops_comes_again(
    drop: Callable[[int], None],
    number: int,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(interrupts, "_AGAIN_S", 1.0)  # no busy machine drops the second one too
    with keyboard_interrupts() as came, pytest.raises(KeyboardInterrupt):
        drop(number)
        assert came == [number]
        time.sleep(60)
    assert came == [number, number]
    assert "Exception ignored" not in capfd.readouterr().err


def test_the_block_leaves_the_process_as_it_was() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM), sys.unraisablehook
    with keyboard_interrupts() as came, pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)
    assert came == [signal.SIGTERM]
    after = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM), sys.unraisablehook
    assert after == before


def test_nothing_is_sent_again_once_the_block_has_ended() -> None:
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        with keyboard_interrupts() as within:
            in_a_finalizer(signal.SIGINT)
        assert within == [signal.SIGINT]
        time.sleep(0.1)
        assert came == []
    finally:
        signal.signal(signal.SIGINT, before)


def test_what_is_being_sent_again_as_the_block_ends_comes_within_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun = threading.Event()

    def kill(thread: int, number: int) -> None:
        begun.set()
        time.sleep(0.2)
        send(thread, number)

    send = signal.pthread_kill
    monkeypatch.setattr(interrupts.signal, "pthread_kill", kill)
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        with keyboard_interrupts() as within:
            in_a_finalizer(signal.SIGINT)
            assert begun.wait(10)
        time.sleep(0.5)
        assert within == [signal.SIGINT]
        assert came == []
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_command_ends_with_its_own_code_where_code_from_a_string_was_interrupted(
    tmp_path: Path,
) -> None:
    (tmp_path / "command.py").write_text(
        "import sys\n"
        "from app.system.interrupts import keyboard_interrupts\n"
        "try:\n"
        "    with keyboard_interrupts():\n"
        "        exec('import signal; signal.raise_signal(signal.SIGTERM)')\n"
        "except KeyboardInterrupt:\n"
        "    sys.exit(143)\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "command"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=60,
        check=False,
    )
    assert done.returncode == 143


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with keyboard_interrupts() as came:
            signal.raise_signal(signal.SIGINT)
        assert came == []
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_errors_of_finalizers_are_told_as_ever(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise ValueError("of the finalizer")

    hook, sys.unraisablehook = sys.unraisablehook, sys.__unraisablehook__
    try:
        with keyboard_interrupts():
            _Thing(fail)
    finally:
        sys.unraisablehook = hook
    assert "ValueError: of the finalizer" in capfd.readouterr().err

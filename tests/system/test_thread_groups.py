"""Threads that compute give way to the event loop; those that wait do not."""

from __future__ import annotations

import os
import threading

import pytest

from app.system.thread_groups import VOICE, ThreadGroup


def _nice() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


@pytest.mark.parametrize(("computes", "lower_by"), [(False, 0), (True, 10)])
async def test_only_threads_that_compute_have_a_lower_priority(computes: bool, lower_by: int):
    group = ThreadGroup("some", 1, computes=computes)
    assert await group.run(_nice) == min(19, os.nice(0) + lower_by)


async def test_detection_of_speech_gives_way():
    assert await VOICE.run(_nice) == min(19, os.nice(0) + 10)

"""What `/metrics` and `/health` tell of the queue, after real work of a scheduler."""

import json

import numpy as np
from prometheus_client.parser import text_string_to_metric_families

from app.domain.audio import Audio
from app.gpu.protocols import Window
from app.gpu.scheduler import Scheduler
from app.services.jobs.metrics import Metrics
from app.services.jobs.scheduler_metrics import SchedulerMetrics, scheduler_body
from tests.gpu.scheduling import FakeTranscriber, viewer


async def test_batches_and_stages_are_counted() -> None:
    engine = FakeTranscriber(max_batch=4)
    engine.padded_ms = 4000
    scheduler = Scheduler(engine)
    metrics = Metrics()
    metrics.collect_from(SchedulerMetrics(scheduler.report))
    audio = Audio(np.zeros(16_000, np.float32))
    await scheduler.transcribe(Window(audio, prompt="x"), viewer(), 0)
    scheduler.close()
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(metrics.exposition().decode())
        for sample in family.samples
    }
    assert samples["cuestream_batch_fill_bucket", "0.125"] == 0
    assert samples["cuestream_batch_fill_bucket", "0.25"] == 1
    assert samples["cuestream_batch_fill_count",] == 1
    assert samples["cuestream_batch_fill_sum",] == 0.25
    assert samples["cuestream_batch_padding_sum",] == 0.75
    assert samples["cuestream_device_audio_seconds_total", "transcribe"] == 1
    assert samples["cuestream_device_rtf", "transcribe"] > 0
    assert samples["cuestream_queue_class_age_seconds", "first"] == 0
    assert samples["cuestream_expected_first_wait_seconds", "batch"] == 0
    body = json.loads(json.dumps(scheduler_body(scheduler.report())))
    assert body["batches"] == 1
    assert body["batch_fill"] == 0.25
    assert body["padding"] == 0.75
    assert body["stages"]["transcribe"]["sound_s"] == 1
    assert body["waiting"]["batch"] == {"pieces": 0, "seconds": 0.0, "oldest_s": 0.0}
    assert body["memory"]["free_bytes"] is None


def test_there_is_nothing_to_tell_while_nothing_is_loaded() -> None:
    metrics = Metrics()
    metrics.collect_from(SchedulerMetrics(lambda: None))
    assert b"cuestream_batch_fill" not in metrics.exposition()

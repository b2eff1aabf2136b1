"""Prometheus metrics of the GPU scheduler."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from itertools import accumulate

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from app.gpu.scheduler import SchedulerReport, ShareHistogram

_DIGITS = 4


class SchedulerMetrics(Collector):
    """Collects the scheduler's report at each scrape.

    Args:
        report: returns the report; None while no engine is loaded.
    """

    def __init__(self, report: Callable[[], SchedulerReport | None]) -> None:
        self._report = report

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics; none while no engine is loaded."""
        report = self._report()
        if report is None:
            return
        yield from _queue_metrics(report)
        yield from _stage_metrics(report)
        yield _histogram("batch_fill", "Windows in a batch by how many fit", report.fill)
        yield _histogram("batch_padding", "Share of a batch that is padding", report.padding)
        yield from _memory_metrics(report)


def scheduler_body(report: SchedulerReport) -> dict[str, object]:
    """Return the body of a report in `/health`."""
    return {
        "waiting": {name: _plain(asdict(row)) for name, row in report.waiting.items()},
        "stages": {name: _plain(asdict(use)) for name, use in report.stages.items()},
        "batches": sum(report.fill.counts),
        **_plain({"batch_fill": report.fill.mean, "padding": report.padding.mean}),
        "memory": _plain(asdict(report.memory)),
        **_plain(
            {
                "expected_wait_viewer_s": report.viewer_wait_s,
                "expected_wait_batch_s": report.batch_wait_s,
            }
        ),
    }


def _queue_metrics(report: SchedulerReport) -> Iterator[Metric]:
    pieces = _gauge("queue_class_pieces", "Work that waits, by class", "class")
    seconds = _gauge("queue_class_audio_seconds", "Sound that waits, by class", "class")
    ages = _gauge("queue_class_age_seconds", "Wait of the oldest piece, by class", "class")
    for name, row in report.waiting.items():
        pieces.add_metric([name], row.pieces)
        seconds.add_metric([name], row.seconds)
        ages.add_metric([name], row.oldest_s)
    wait = _gauge("expected_first_wait_seconds", "Predicted wait of a newcomer", "audience")
    wait.add_metric(["viewer"], report.viewer_wait_s)
    wait.add_metric(["batch"], report.batch_wait_s)
    yield from (pieces, seconds, ages, wait)


def _stage_metrics(report: SchedulerReport) -> Iterator[Metric]:
    device = _counter("device_seconds", "Time that lanes spent on a stage", "stage")
    sound = _counter("device_audio_seconds", "Sound that lanes worked on", "stage")
    rtf = _gauge("device_rtf", "Time by sound of late, by stage", "stage")
    for name, use in report.stages.items():
        device.add_metric([name], use.device_s)
        sound.add_metric([name], use.sound_s)
        if use.rtf is not None:
            rtf.add_metric([name], use.rtf)
    yield from (device, sound, rtf)


def _memory_metrics(report: SchedulerReport) -> Iterator[Metric]:
    memory = report.memory
    if memory.free_bytes is not None:
        free = _gauge("device_free_bytes", "Memory of the device that nobody uses")
        free.add_metric([], memory.free_bytes)
        yield free
    cost = _gauge("device_bytes_per_padded_second", "Memory that a second of a batch takes")
    cost.add_metric([], memory.bytes_per_s)
    yield cost
    if memory.ceiling_s is not None:
        ceiling = _gauge("batch_ceiling_seconds", "Padded sound in a batch that memory allows")
        ceiling.add_metric([], memory.ceiling_s)
        yield ceiling


def _gauge(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"cuestream_{name}", text, labels=labels)


def _counter(name: str, text: str, *labels: str) -> CounterMetricFamily:
    return CounterMetricFamily(f"cuestream_{name}", text, labels=labels)


def _histogram(name: str, text: str, shape: ShareHistogram) -> HistogramMetricFamily:
    ends = [*(str(bound) for bound in shape.bounds), "+Inf"]
    buckets = list(zip(ends, accumulate(shape.counts), strict=True))
    metric = HistogramMetricFamily(f"cuestream_{name}", text)
    metric.add_metric([], buckets=buckets, sum_value=shape.total)
    return metric


def _plain(values: Mapping[str, float | None]) -> dict[str, float | None]:
    return {k: round(v, _DIGITS) if isinstance(v, float) else v for k, v in values.items()}

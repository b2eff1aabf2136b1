"""Prometheus metrics of one process."""

from __future__ import annotations

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.registry import Collector

from app.domain.errors import DrainingError, JobCancelledError
from app.domain.events import CuesReady, Done, Failed
from app.services.jobs.record import JobRecord

_SECONDS = (0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300, 900, 3600)
_CANCELLED = frozenset({JobCancelledError.code, DrainingError.code})
_RTF = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)


class Metrics:
    """The metrics of `/metrics`; one instance for each application."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._jobs = self._counter("jobs_total", "Jobs by how they ended", "outcome")
        self._errors = self._counter("errors_total", "Errors by code", "code")
        self._audio = self._counter("audio_seconds_total", "Audio that was turned into cues")
        self._cues = self._counter("cues_total", "Cues that were made")
        self._hits = self._counter("cache_hits_total", "Work that was found done already", "stage")
        self._misses = self._counter("cache_misses_total", "Work that nobody had done yet", "stage")
        self._tokens = self._counter(
            "llm_tokens_total", "Tokens of language models", "model", "kind"
        )
        self._requests = self._counter("llm_requests_total", "Requests that they answered", "model")
        self._cost = self._counter("llm_cost_usd_total", "What they cost, if known", "model")
        self._running = Gauge("cuestream_jobs_running", "Jobs at work", registry=self._registry)
        self._stages = Histogram(
            "cuestream_stage_seconds",
            "Time that one job spent in a stage",
            ["stage"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._first_cue = self._histogram(
            "first_cue_seconds", "From admission to a job's first final cue", _SECONDS
        )
        self._rtf = self._histogram("rtf", "Processing time by audio time", _RTF)

    def gauge(self, name: str, text: str, read: Callable[[], float]) -> None:
        """Register a gauge whose value is read at each scrape."""
        Gauge(f"cuestream_{name}", text, registry=self._registry).set_function(read)

    def collect_from(self, collector: Collector) -> None:
        """Register a collector."""
        self._registry.register(collector)

    def error(self, code: str) -> None:
        """Count an error response."""
        self._errors.labels(code).inc()

    def cache_looked_up(self, stage: str, hit: bool) -> None:
        """Count a look-up in a cache of stage results."""
        (self._hits if hit else self._misses).labels(stage).inc()

    def model_paid(
        self, model: str, prompt_tokens: int, completion_tokens: int, cost_usd: float | None
    ) -> None:
        """Count the tokens and the cost of a request to a language model."""
        self._requests.labels(model).inc()
        self._tokens.labels(model, "prompt").inc(prompt_tokens)
        self._tokens.labels(model, "completion").inc(completion_tokens)
        self._cost.labels(model).inc(cost_usd or 0.0)

    def job_started(self) -> None:
        """Count a job that starts."""
        self._running.inc()

    def job_ended(self, job: JobRecord) -> None:
        """Count a job that has ended, by its outcome."""
        self._running.dec()
        last = job.log.newest
        if isinstance(last, Failed):
            self._jobs.labels("cancelled" if last.code in _CANCELLED else "failed").inc()
            self.error(last.code)
        if not isinstance(last, Done):
            return
        self._jobs.labels("done").inc()
        self._cues.inc(len(last.result.cues))
        self._audio.inc(last.result.audio_ms / 1000)
        self._rtf.observe(last.result.rtf)
        for stage, spent_ms in last.result.stage_ms.items():
            self._stages.labels(stage).observe(spent_ms / 1000)

    def measure_first_cue(self, job: JobRecord) -> Callable[[], None]:
        """Measure the time to a job's first final cue; return the function that ends this."""
        stop: Callable[[], None] = job.log.listen(lambda: look())
        seen = len(job.log)

        def look() -> None:
            nonlocal seen
            events = job.log.after(seen)
            seen = len(job.log)
            if any(isinstance(event, CuesReady) and event.final for _, event in events):
                self._first_cue.observe(time.monotonic() - job.created_s)
                stop()

        return stop

    def exposition(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self._registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"cuestream_{name}", text, labels, registry=self._registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(f"cuestream_{name}", text, buckets=buckets, registry=self._registry)

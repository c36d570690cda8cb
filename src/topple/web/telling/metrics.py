"""What is measured, for Prometheus."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
TOGETHER = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Metrics:
    """Counts of one service."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "topple_requests", "Requests answered.", ["route", "method", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "topple_request_seconds", "Seconds until a request was answered.", ["route"],
            buckets=SECONDS, registry=self.registry,
        )  # fmt: skip
        self.batches = Histogram(
            "topple_batch_requests", "Requests that were answered together.", buckets=TOGETHER, registry=self.registry
        )
        self.queries = Counter("topple_queries", "Recommendations that were explained.", registry=self.registry)
        self.statuses = Counter(
            "topple_answers", "Answers by status and proof.", ["status", "proof"], registry=self.registry
        )
        self._waiting = Gauge("topple_waiting_requests", "Requests that wait or are computed.", registry=self.registry)
        self._loaded = Gauge(
            "topple_model_loaded_seconds", "When a model was loaded, since 1970.", ["model"], registry=self.registry
        )

    def batch(self, requests: int, queries: int) -> None:
        """Count a batch."""
        self.batches.observe(requests)
        self.queries.inc(queries)

    def watch(self, waiting: Callable[[], float]) -> None:
        """Have the number of waiting requests read where metrics are asked for."""
        self._waiting.set_function(waiting)

    def loaded(self, model: str, when: float) -> None:
        """Take note of when a model was loaded."""
        self._loaded.labels(model).set(when)

    def text(self) -> bytes:
        """Return the metrics as Prometheus reads them."""
        return generate_latest(self.registry)

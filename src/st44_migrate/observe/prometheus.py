"""
Metrics for a program that has prometheus_client already; the extra ``prometheus``.

Who only wants text finds it in `openmetrics`, which needs no package.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from st44_migrate._extras import missing

try:
    from prometheus_client.metrics_core import Metric
    from prometheus_client.registry import Collector
except ModuleNotFoundError as error:
    raise missing(error, __name__, "prometheus") from error

if TYPE_CHECKING:
    from .metrics import Family

__all__ = ["MigrationCollector"]


class MigrationCollector(Collector):
    """
    Shows metrics among the program's own: ``REGISTRY.register(MigrationCollector(runs))``.

    Args:
        sources: What is measured, a `RunMetrics` for instance; each is iterated
            at every scrape.
    """

    def __init__(self, *sources: Iterable[Family]) -> None:
        self._sources = sources

    def describe(self) -> Iterable[Metric]:
        """
        Name nothing in advance, so that registering asks no database.
        """
        return ()

    def collect(self) -> Iterator[Metric]:
        """
        Give every source's metrics as they are now.
        """
        for source in self._sources:
            yield from map(_metric, source)


def _metric(family: Family) -> Metric:
    metric = Metric(family.name, family.text, family.kind, family.unit)
    for sample in family.samples:
        metric.add_sample(f"{family.name}{sample.suffix}", dict(sample.labels), sample.value)
    return metric

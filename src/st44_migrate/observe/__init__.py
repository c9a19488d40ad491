"""
Small observers that show a run to somebody, one file each.

======================  =====================================================
``log.LogObserver``     the standard library's `logging`, with fields
``progress``            `ProgressObserver`: a bar on a terminal, else plain lines
``github``              `GitHubObserver`: groups and annotations of GitHub Actions
``webhook``             `WebhookObserver`: Slack, Discord, or a program
``metrics``             `RunMetrics`: numbers, which ``openmetrics`` writes and
                        ``prometheus`` hands to prometheus_client
``opentelemetry``       `OpenTelemetryObserver`: spans and measurements
``watch``               `WatchedProbe`: looks at a database, told to listeners
======================  =====================================================

Any callable that takes one event is an observer, and `tee` makes one of many.
None of them decides anything: what they are told is in `st44_migrate.events`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from st44_migrate.events import Event
    from st44_migrate.protocols import Observer

__all__ = ["tee"]


def tee(*observers: Observer) -> Observer:
    """
    Combine several observers into one that tells each of them every event.

    One that raises is logged, the first time, and goes on being told: neither
    the others nor the run suffer from it.
    """
    failed: set[int] = set()

    def tell_all(event: Event, /) -> None:
        for index, observer in enumerate(observers):
            try:
                observer(event)
            except Exception as error:  # noqa: BLE001 - showing a run must not end it
                if index not in failed:
                    failed.add(index)
                    _log_failure(observer, error)

    return tell_all


def _log_failure(observer: Observer, error: Exception) -> None:
    import logging  # costs 20 ms, and only a failure needs it

    logging.getLogger("st44_migrate").warning("the observer %r failed", observer, exc_info=error)

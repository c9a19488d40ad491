"""
Metrics as text that Prometheus reads, written without its package.

Two formats: OpenMetrics 1.0, and the older text format 0.0.4 of Prometheus,
which node_exporter's textfile collector and many agents still want.  They
differ in the name of a counter's family and in the last line.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from st44_migrate.errors import ConfigError

if TYPE_CHECKING:
    from .metrics import Family, Sample

__all__ = ["OPENMETRICS", "PROMETHEUS", "expose", "write_textfile"]

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
"""The two formats, named by their content types."""


def expose(families: Iterable[Family], content_type: str = OPENMETRICS) -> str:
    """
    Write *families* in the format that *content_type* names.
    """
    openmetrics = content_type == OPENMETRICS
    lines = [line for family in families for line in _family(family, openmetrics=openmetrics)]
    return "".join(f"{line}\n" for line in (*lines, *(["# EOF"] if openmetrics else [])))


def write_textfile(path: str | os.PathLike[str], families: Iterable[Family]) -> None:
    """
    Write *families* for node_exporter's textfile collector: whole or not at all.

    For a deployment's script that is gone before anybody could ask it.

    Raises:
        ConfigError: the name does not end with ``.prom``: nobody would read it.

        OSError: it cannot be written.
    """
    target = Path(path)
    if target.suffix != ".prom":
        raise ConfigError(
            f"{target} would not be read by node_exporter", remedy="Let it end with .prom."
        )
    text = expose(families, PROMETHEUS)
    # Beside it, so that it can be put in its place in one step; and with a name
    # that the collector does not read meanwhile.
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(0o644)  # node_exporter runs as another user
        Path(name).replace(target)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _family(family: Family, *, openmetrics: bool) -> Iterator[str]:
    total = "_total" if family.kind == "counter" and not openmetrics else ""
    yield f"# TYPE {family.name}{total} {family.kind}"
    if family.unit and openmetrics:
        yield f"# UNIT {family.name} {family.unit}"
    yield f"# HELP {family.name}{total} {_escape(family.text, openmetrics=openmetrics)}"
    for sample in family.samples:
        yield f"{family.name}{sample.suffix}{_labels(sample)} {_number(sample.value)}"


def _labels(sample: Sample) -> str:
    pairs = ",".join(f'{name}="{_escape(value)}"' for name, value in sample.labels)
    return f"{{{pairs}}}" if pairs else ""


def _escape(text: str, *, openmetrics: bool = True) -> str:
    # In the older format a quotation mark in a HELP line stands for itself.
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n")
    return escaped.replace('"', '\\"') if openmetrics else escaped


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))

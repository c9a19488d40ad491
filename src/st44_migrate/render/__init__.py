"""
Values and errors as text for people and as documents for programs.

Everything here is pure and prints nothing: a function takes a value of `model`
or an error, and returns text or what `json.dumps` takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazily

if TYPE_CHECKING:
    from .adoptions import adoption_document, render_adoption
    from .documents import (
        error_document,
        plan_document,
        plan_error,
        record_document,
        report_document,
        status_document,
        touched_document,
        up_failure,
    )
    from .failures import render_error
    from .records import render_record
    from .tables import render_plan, render_problem, render_report, render_status, verdict
    from .words import duration, moment

__all__ = [
    "adoption_document",
    "duration",
    "error_document",
    "moment",
    "plan_document",
    "plan_error",
    "record_document",
    "render_adoption",
    "render_error",
    "render_plan",
    "render_problem",
    "render_record",
    "render_report",
    "render_status",
    "report_document",
    "status_document",
    "touched_document",
    "up_failure",
    "verdict",
]

__getattr__ = lazily(
    __name__,
    {
        "adoptions": "adoption_document render_adoption",
        "documents": (
            "error_document plan_document plan_error record_document report_document"
            " status_document touched_document up_failure"
        ),
        "failures": "render_error",
        "records": "render_record",
        "tables": "render_plan render_problem render_report render_status verdict",
        "words": "duration moment",
    },
)

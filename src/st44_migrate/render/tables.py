"""
Plans, statuses and reports as text.  Nothing in it needs a colour to be read.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Pending, Plan, Problem, Report, Severity, Status
from .words import columns, count, duration, indent, moment

__all__ = ["render_plan", "render_problem", "render_report", "render_status", "verdict"]


def render_report(report: Report, *, failed: int = 0) -> str:
    """
    Sum up a run in one line: what it applied, what was there, what failed.

    Args:
        report: What the run left behind.

        failed: How many files failed: 1 if the run ended in an error of a file.
    """
    latest = f"latest {report.latest or 'none'}, {report.count} in the ledger"
    if not report.applied and not report.pending and not failed:
        return f"up to date: {report.skipped} applied already; {latest}"
    numbers = f"applied {len(report.applied)}, skipped {report.skipped}, failed {failed}"
    rest = report.pending - failed
    return f"{numbers}; {latest}" + (f"; {rest} not run" if rest > 0 else "")


def render_status(plan: Plan) -> str:
    """
    Show every version with its state, then the problems, then the verdict.
    """
    header = ("version", "name", "state", "applied at", "took")
    lines = list(columns([header, *map(_row, plan.statuses)]))
    for problem in plan.problems:
        lines += ["", render_problem(problem)]
    return "\n".join([*lines, "", verdict(plan)])


def _row(status: Status) -> tuple[str, ...]:
    return (
        status.label,
        status.name,
        status.state.value,
        moment(status.applied_at),
        duration(status.duration_ms),
    )


def render_problem(problem: Problem) -> str:
    """
    Say what is the matter and what to do about it, on lines of their own.
    """
    lines = [f"{problem.severity.value}: {problem.message}"]
    if problem.excerpt:
        lines.append(problem.excerpt.strip("\n"))
    if problem.remedy:
        lines.append(indent(problem.remedy))
    return "\n".join(lines)


def verdict(plan: Plan) -> str:
    """
    Say in one line how folder and database stand to each other.
    """
    where = f"latest {plan.latest or 'none'}, {len(plan.applied)} in the ledger"
    pending = [f"{len(plan.pending)} pending"] if plan.pending else []
    if plan.errors:
        stop = f"{count(len(plan.errors), 'problem')} to settle first, nothing will run"
        return "; ".join([stop, *pending, where])
    if pending:
        return "; ".join([*pending, where])
    ahead = f"; {len(plan.ahead)} ahead of this folder" if plan.ahead else ""
    return f"up to date; {where}{ahead}"


def render_plan(plan: Plan) -> str:
    """
    Show what would run, in order, or why nothing will.
    """
    parts: list[str] = []
    if plan.pending:
        rows = [_step(number, pending) for number, pending in enumerate(plan.pending, 1)]
        parts.append("\n".join(columns(rows)))
    parts += [render_problem(p) for p in plan.problems if p.severity is not Severity.NOTE]
    return "\n\n".join([*parts, verdict(plan)])


def _step(number: int, pending: Pending) -> tuple[str, ...]:
    script = pending.script
    return (
        f"{number}.",
        pending.migration.path,
        count(len(script.statements), "statement"),
        "; ".join(_mode(pending)),
    )


def _mode(pending: Pending) -> Iterator[str]:
    script = pending.script
    if script.transactional:
        yield f"in a transaction ({script.begin.lower()})" if script.begin else "in a transaction"
    else:
        yield "statement by statement"
    if pending.resume_at:
        done = sum(len(unit) for unit in script.units[: pending.resume_at])
        yield f"goes on after {count(done, 'statement')}"

"""
What a linter found: as text, as a document, as SARIF 2.1.0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..model import Problem, Severity
from .documents import Document, problem_document
from .words import count, indent

__all__ = ["findings_document", "render_finding", "render_findings", "sarif_document", "sum_up"]

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render_finding(problem: Problem) -> str:
    """
    Say what is the matter at which place, show it, and say what to do.
    """
    where = problem.path or "the folder"
    if problem.line and problem.column:
        where = f"{where}:{problem.line}:{problem.column}"
    message = problem.message.removeprefix(f"{where}: ")
    lines = [f"{where}: {problem.severity.value}: {message} [{problem.code}]"]
    if problem.excerpt:
        lines.append(problem.excerpt.strip("\n"))
    if problem.remedy:
        lines.append(indent(problem.remedy))
    return "\n".join(lines)


def sum_up(findings: Sequence[Problem], files: int) -> str:
    """
    Count in one line what was found in how many files.
    """
    weights = [problem.severity for problem in findings]
    numbers = [
        count(weights.count(severity), severity.value)
        for severity in Severity
        if severity in weights
    ]
    return f"{', '.join(numbers) or 'nothing found'} in {count(files, 'file')}"


def render_findings(findings: Sequence[Problem], files: int) -> str:
    """
    Show all findings, and the sum.
    """
    return "\n\n".join([*map(render_finding, findings), sum_up(findings, files)])


def findings_document(findings: Sequence[Problem], files: int, *, failed: bool) -> Document:
    """
    Describe all findings.
    """
    return {
        "status": "findings" if failed else "clean",
        "files": files,
        "findings": [problem_document(problem) for problem in findings],
        "error": None,
    }


_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/")
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


def sarif_document(
    findings: Sequence[Problem], reasons: Mapping[str, str], version: str
) -> Document:
    """
    Describe all findings as SARIF 2.1.0, which code scanners read.

    Args:
        findings: In order.

        reasons: Of each rule, why it is one.

        version: Of this package.
    """
    codes = [*reasons, *sorted({p.code for p in findings} - reasons.keys())]
    rules = [_rule(code, reasons.get(code, code)) for code in codes]
    results = [_result(problem, codes.index(problem.code)) for problem in findings]
    driver = {"name": "st44-migrate", "semanticVersion": version, "rules": rules}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str, reason: str) -> Document:
    return {"id": code, "shortDescription": {"text": reason}}


def _result(problem: Problem, index: int) -> Document:
    text = f"{problem.message} {problem.remedy}".strip()
    result: dict[str, Any] = {
        "ruleId": problem.code,
        "ruleIndex": index,
        "level": _LEVELS[problem.severity],
        "message": {"text": text},
    }
    if problem.path:
        region = {"startLine": problem.line or 1, "startColumn": problem.column or 1}
        place = {"artifactLocation": {"uri": _uri(problem.path)}, "region": region}
        result["locations"] = [{"physicalLocation": place}]
    return result


def _uri(path: str) -> str:
    """
    Write a path as a URI reference: a blank is ``%20``.
    """
    data = path.encode("utf-8", "surrogateescape")
    return "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in data)

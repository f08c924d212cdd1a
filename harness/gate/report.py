"""A gate run as files: gate.json, junit.xml and index.html. The result holds no secrets."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

from junitparser import Error, Failure, JUnitXml, TestCase, TestSuite
from markupsafe import Markup

from harness.errors import CannotCreate
from harness.gate.result import CaseResult, GateResult, Outcome
from harness.report.assets import assets, environment
from harness.report.words import clean

_CLASS: Final = "drill.gate"


def write_gate(result: GateResult, folder: Path) -> None:
    """Writes all three.

    Raises:
        CannotCreate: the disk refuses.
    """
    texts = {
        "gate.json": result.model_dump_json(indent=2, ensure_ascii=True) + "\n",
        "junit.xml": render_junit(result),
        "index.html": render_html(result),
    }
    for name, text in texts.items():
        try:
            (folder / name).write_text(text, encoding="utf-8")
        except OSError as error:
            raise CannotCreate(f"{folder / name}: cannot be written: {error.strerror}") from error


def render_junit(result: GateResult) -> str:
    """A test case per scenario; one that could not be tried is an error."""
    suite = TestSuite(clean(f"drill gate {result.script}"))
    for case in result.cases:
        suite.add_testcase(_case(case))
    xml = JUnitXml()
    xml.add_testsuite(suite)
    xml.update_statistics()  # type: ignore[no-untyped-call]
    buffer = io.BytesIO()
    xml.write(buffer, pretty=True)
    return buffer.getvalue().decode("utf-8")


def _case(case: CaseResult) -> TestCase:
    made = TestCase(clean(case.title), _CLASS, case.took)
    if case.findings:
        kind = Error if case.outcome is Outcome.INDETERMINATE else Failure
        problem = kind(clean(case.findings[0].sentence), clean(case.findings[0].id))
        told = [f"{one.id}: {one.sentence}\n  {one.advice}" for one in case.findings]
        problem.text = clean(
            "\n".join([*told, f"how it ended: {case.end}", f"why it matters: {case.reason}", case.output])
        )
        made.result = [problem]
    return made


def render_html(result: GateResult) -> str:
    """One page: nothing is loaded or scripted."""
    style = Markup((assets("templates") / "style.css").read_text(encoding="utf-8"))  # noqa: S704 - our own file
    text = environment().get_template("gate.html.j2").render(result=result, style=style, clean=clean)
    return clean(text)

"""A run as JUnit XML, for whatever reads test results. Pure.

A drill whose verdict was the expected one passes. A miss, or a pass where none was expected, is a failure;
indeterminate, invalid and aborted are errors: they say nothing about the rollback. So is a drill that could not be
judged.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Final

from junitparser import Error, Failure, JUnitXml, Property, TestCase, TestSuite
from junitparser.junitparser import Properties

from harness.journal.declaration import Verdict
from harness.report.story import headline, measure
from harness.report.summary import NotJudged
from harness.report.words import clean
from harness.verdict.result import Result

_FAILURES: Final = (Verdict.MISSED, Verdict.PASSED)


def render_junit(results: Sequence[Result], not_judged: Sequence[NotJudged] = ()) -> str:
    """One test case per drill, in the order of their ids; `classname` is the feature, where that is known."""
    suite = TestSuite("rollback drills" if not results else clean(results[0].run_id))
    for result in sorted(results, key=lambda one: one.drill_id):
        suite.add_testcase(_case(result))
    for one in not_judged:
        case = TestCase(clean(one.folder))
        case.result = [Error(clean(f"It could not be judged: {one.reason}"), "not judged")]
        suite.add_testcase(case)
    xml = JUnitXml()
    xml.add_testsuite(suite)
    xml.update_statistics()  # type: ignore[no-untyped-call]
    buffer = io.BytesIO()
    xml.write(buffer, pretty=True)
    return buffer.getvalue().decode("utf-8")


def _case(result: Result) -> TestCase:
    case = TestCase(clean(result.name), _feature(result.source), result.took)
    if not result.as_expected:
        opening = headline(result)
        kind = Failure if result.verdict in _FAILURES else Error
        problem = kind(clean(f"{opening.word}: {opening.sentence}"), result.verdict.value)
        problem.text = clean(f"{result.reason}\n{opening.detail}\n{result.source}\nrun it again: {result.again}")
        case.result = [problem]
    properties = Properties()  # type: ignore[no-untyped-call]
    for name, value in _properties(result):
        properties.add_property(Property(name, clean(value)))
    case.append(properties)  # type: ignore[no-untyped-call]
    return case


def _feature(source: str) -> str:
    """The feature of 'features/release/bad.feature:6', as packages are written: 'features.release.bad'."""
    path, _, line = source.rpartition(":")
    path = path if line.isdigit() else source
    return clean(path.removesuffix(".feature").strip("/").replace("/", "."))


def _properties(result: Result) -> list[tuple[str, str]]:
    found = [
        ("drill_id", result.drill_id),
        ("verdict", result.verdict.value),
        *([("cause", result.cause.value)] if result.cause else []),
        ("expected", result.expected.value),
        *([("expected_cause", result.expected_cause.value)] if result.expected_cause else []),
        ("source", result.source),
        ("report", f"{result.drill_id}/report.html"),
        ("journal_head", result.journal_head),
    ]
    for name in ("rto", "outage"):
        one = measure(result, name)
        if one and one.interval:
            found += [
                (f"{name}_low", f"{one.interval.low:.6f}"),
                (f"{name}_high", f"{one.interval.high:.6f}"),
            ]
    if result.account and result.account.complete:
        account = result.account
        found.append(("lost_writes", str(len(account.lost) + len(account.undecided))))
        found.append(("discarded_writes", str(len(account.discarded))))
    return found

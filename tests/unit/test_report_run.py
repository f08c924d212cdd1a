"""What programs and comments read: JUnit, the summary, the index, Markdown and the schemas."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from junitparser import Error, Failure, JUnitXml, TestCase
from junitparser.junitparser import Properties
from xmlschema import XMLSchema

from harness.journal.declaration import Verdict
from harness.report.assets import assets
from harness.report.html import render_index
from harness.report.junit import render_junit
from harness.report.markdown import render_markdown
from harness.report.schema import schemas
from harness.report.summary import NotJudged, summary
from harness.report.write import stable_json
from harness.verdict.result import Result
from tests.support.journals import judged
from tests.support.pages import Page
from tests.support.stories import BAD_RELEASE, STORIES

HERE = Path(__file__).parent
GOLDEN = HERE / "golden" / "report_missed.md"
JUNIT = HERE / "golden" / "junit_missed.xml"
SUMMARY = HERE / "golden" / "summary_missed.json"
SCHEMA = HERE.parent / "support" / "junit.xsd"


@pytest.fixture(scope="module")
def results() -> list[Result]:
    return [judged(story)[0] for story in STORIES.values()]


def test_the_worst_drill_that_was_not_expected_comes_first(results: list[Result]) -> None:
    verdicts = [drill.verdict.value for drill in summary(results).drills]
    assert verdicts == ["aborted", "invalid", "missed", "indeterminate", "invalid", "passed", "passed", "passed"]
    assert summary(results).verdict is Verdict.ABORTED


def test_a_run_in_which_all_ended_as_expected_passes(results: list[Result]) -> None:
    expected = summary([result for result in results if result.as_expected])
    assert (expected.verdict, expected.unexpected, expected.as_expected) == (Verdict.PASSED, 0, 4)
    assert Page(render_index(expected)).text.startswith("All 4 drills ended as expected.")


def test_a_negative_control_that_passed_makes_the_run_a_miss() -> None:
    """As its exit code does: that it passed shows that the other pass means nothing."""
    control = replace(BAD_RELEASE, drill_id="control", expected=Verdict.INVALID)
    found = summary([judged(BAD_RELEASE)[0], judged(control)[0]])
    assert (found.verdict, found.unexpected, found.drills[0].drill_id) == (Verdict.MISSED, 1, "control")
    assert 'class="t-missed"' in render_index(found)


def test_the_order_of_results_changes_nothing(results: list[Result]) -> None:
    assert stable_json(summary(results)) == stable_json(summary(results[::-1]))
    assert render_junit(results) == render_junit(results[::-1])


def test_a_run_of_no_drills_says_so() -> None:
    assert Page(render_index(summary([]))).text.startswith("No drill was run.")


def test_the_index_links_to_each_report_beside_it(results: list[Result]) -> None:
    page = Page(render_index(summary(results)))
    assert set(page.links) == {f"{result.drill_id}/report.html" for result in results}
    assert not page.loads
    assert not page.mismatched


def test_a_link_cannot_leave_the_run_or_run_a_script(results: list[Result]) -> None:
    hostile = results[0].model_copy(update={"drill_id": "javascript:alert(1)/../../x y"})
    assert Page(render_index(summary([hostile]))).links == ["javascript%3Aalert%281%29%2F..%2F..%2Fx%20y/report.html"]


def _property(case: TestCase, name: str) -> str:
    properties = next(case.iterchildren(Properties))  # type: ignore[no-untyped-call]
    return next(str(one.value) for one in properties if one.name == name)


def test_junit_tells_failures_from_errors_and_lets_the_expected_pass(results: list[Result]) -> None:
    suite = next(iter(JUnitXml.fromstring(render_junit(results).encode())))
    found = {_property(case, "drill_id"): [type(one) for one in case.result] for case in suite}
    assert found == {
        "aborted": [Error],
        "bad-release-40": [],
        "crash": [],
        "lost-writes": [Failure],
        "no-op": [],
        "nothing-measured": [Error],
        "slow-release": [],
        "too-close": [Error],
    }
    assert (suite.tests, suite.failures, suite.errors) == (8, 1, 3)


def test_junit_is_as_its_schema_says(results: list[Result]) -> None:
    """Also of no drill, of drills that could not be judged, and of text that XML cannot hold."""
    schema = XMLSchema(SCHEMA)
    odd = results[0].model_copy(update={"name": "a\x00b\ud800 ]]> <&\"'", "reason": "]]>\x1b[1m", "as_expected": False})
    lost = NotJudged(folder="gone", reason="journal.jsonl:3: this line of the journal was altered")
    for text in (render_junit(results), render_junit([]), render_junit([odd], [lost]), render_junit([], [lost])):
        schema.validate(text)
    assert not schema.is_valid(render_junit(results).replace('errors="', 'errors="-', 1))


def test_junit_reads_as_it_was_agreed() -> None:
    assert render_junit([judged(STORIES["missed"])[0]]) == JUNIT.read_text(encoding="utf-8")


def test_json_reads_as_it_was_agreed() -> None:
    """What programs read of a run; that of a drill is held against golden/notes."""
    assert stable_json(summary([judged(STORIES["missed"])[0]])) == SUMMARY.read_text(encoding="utf-8")


def test_junit_names_feature_bounds_and_lost_writes(results: list[Result]) -> None:
    xml = render_junit([result for result in results if result.drill_id == "lost-writes"])
    assert 'classname="features.release.bad_release"' in xml
    assert '<property name="rto_low" value="12.207285"/>' in xml
    assert '<property name="lost_writes" value="7"/>' in xml


def test_a_pass_where_none_was_expected_is_a_failure() -> None:
    result, _ = judged(replace(BAD_RELEASE, expected=Verdict.INVALID))
    assert "<failure " in render_junit([result])


def test_markdown_reads_as_it_was_agreed() -> None:
    assert render_markdown(judged(STORIES["missed"])[0]) == GOLDEN.read_text(encoding="utf-8")


def test_markdown_escapes_what_would_be_mark_up() -> None:
    text = "| <b>x</b> *y* `z` [l](http://e.example) @someone\n# head"
    result, _ = judged(replace(BAD_RELEASE, name=text, fault=text))
    shown = render_markdown(result)
    assert "<b>" not in shown.replace("\\<b", "")
    assert "@someone" not in shown
    assert "\n# head" not in shown
    assert "http://e" not in shown


def test_results_and_summaries_hold_to_their_schemas(results: list[Result]) -> None:
    texts = schemas()
    for result in results:
        Draft202012Validator(json.loads(texts["result.schema.json"])).validate(json.loads(stable_json(result)))
    document = json.loads(stable_json(summary(results)))
    Draft202012Validator(json.loads(texts["summary.schema.json"])).validate(document)


def test_the_published_schemas_are_those_of_the_models() -> None:
    for name, text in schemas().items():
        published = (assets("schema") / name).read_text(encoding="utf-8")
        assert published == text, f"{name} is stale: run python -m harness.report.schema"

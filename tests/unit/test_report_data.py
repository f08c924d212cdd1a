"""What a restore gave up by choice is shown apart from what was lost, in every report, and the parts add up."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli.results import print_results
from harness.journal.observation import WriteOutcome
from harness.report.html import render_html, render_index
from harness.report.junit import render_junit
from harness.report.markdown import render_markdown
from harness.report.story import facts, headline
from harness.report.summary import summary
from harness.report.write import REPORT
from tests.support.pages import Page
from tests.support.shapes import added, told
from tests.support.worlds import World, judged
from tests.unit.test_verdict_data import GIVEN_UP, RESTORED, SOME_LOSS

RESTORE = World(lost=GIVEN_UP, shape=added(RESTORED), objectives=SOME_LOSS)
TOO_OLD = World(lost=(27, 28, *GIVEN_UP), shape=added(RESTORED), objectives=SOME_LOSS)


def test_the_headline_tells_what_was_discarded_and_what_was_lost() -> None:
    result, _ = judged(RESTORE.records())
    assert headline(result).sentence.endswith("43 acknowledged writes were discarded by choice.")
    result, _ = judged(TOO_OLD.records())
    assert "1 acknowledged write was lost, 1 lost or discarded, 43 discarded by choice." in headline(result).detail


def test_the_fact_about_data_tells_both_and_how_far_back() -> None:
    (found,) = (one for one in facts(judged(TOO_OLD.records())[0]) if one.question == "What data was lost")
    assert found.answer == "45 acknowledged writes, 43 of them by choice"
    assert found.detail == "110 writes acknowledged, 65 rows read back. Back to 2.2 s before the end."
    assert found.state == "bad"


def test_a_page_lists_both_apart() -> None:
    page = Page(render_html(*judged(TOO_OLD.records())))
    assert "Acknowledged, but gone (1)" in page.text
    assert "Gone, lost or discarded (1)" in page.text
    assert "Discarded by choice (43)" in page.text
    assert "The data was restored on purpose (point in time: LSN 0/3000148)" in page.text


def test_markdown_lists_both_apart() -> None:
    text = render_markdown(judged(TOO_OLD.records())[0])
    assert "Acknowledged, but gone (seconds from the fault's injection):\n\n- `drill-27`" in text
    assert "Discarded by choice (seconds from the fault's injection):\n\n- `drill-29`" in text


def test_the_run_tells_both_apart_to_people_and_to_programs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    result, _ = judged(TOO_OLD.records())
    found = summary([result])
    assert (found.drills[0].lost, found.drills[0].discarded) == (2, 43)
    assert "43 by choice" in Page(render_index(found)).text
    xml = render_junit([result])
    assert '<property name="lost_writes" value="2"/>' in xml
    assert '<property name="discarded_writes" value="43"/>' in xml
    print_results([result], [tmp_path / REPORT], None)
    assert "2 of 110, 43 discarded" in capsys.readouterr().out


@pytest.mark.parametrize(
    "world",
    [
        World(),
        RESTORE,
        TOO_OLD,
        World(lost=(3, 4), shape=told(5, WriteOutcome.FAIL)),
        World(lost=(5,), shape=told(5, WriteOutcome.FAIL)),
        World(lost=(5,), shape=told(5, WriteOutcome.INFO)),
        World(shape=told(5, WriteOutcome.INFO)),
    ],
)
def test_the_parts_of_an_account_add_up_to_its_writes(world: World) -> None:
    account = judged(world.records())[0].account
    assert account is not None
    gone = len(account.lost) + len(account.discarded) + len(account.undecided)
    assert account.acknowledged == account.kept + gone
    assert account.unknown == account.unknown_there + account.unknown_gone
    assert account.failed == account.refused + len(account.resurrected)
    assert account.writes == account.acknowledged + account.unknown + account.failed == 110

"""A drill that ended before anything was injected: its report does not speak of bad answers as of an effect."""

from __future__ import annotations

from collections.abc import Iterable

from harness.journal import records as r
from harness.journal.cause import Cause
from harness.report.html import render_html
from harness.report.markdown import render_markdown
from harness.report.story import headline
from tests.support.pages import Page
from tests.support.shapes import Records
from tests.support.worlds import World, judged

BEFORE = (r.Stage.PREPARE, r.Stage.STEADY_STATE, r.Stage.RESTORE)
SEEN = (r.DrillDeclared, r.Observations, r.LoadSeen, r.DrillEnded)


def never_steady(records: Records) -> Iterable[r.Record]:
    """A drill that goes no further than its steady state."""
    for one in records:
        if isinstance(one, r.StageEnded) and one.stage is r.Stage.STEADY_STATE:
            yield one.model_copy(update={"outcome": "failed", "reason": "the steady state was never reached: too bad"})
        elif isinstance(one, SEEN) or (isinstance(one, r.StageStarted | r.StageEnded) and one.stage in BEFORE):
            yield one


def test_bad_answers_before_anything_was_injected_are_not_told_as_what_clients_lived_through() -> None:
    result, timeline = judged(World(broken={"web": [(1, 9)]}, shape=never_steady).records())
    assert result.cause is Cause.NO_STEADY_STATE
    assert headline(result).detail.startswith("Nothing was injected; ")
    text = render_markdown(result)
    assert (
        "| **How long clients suffered** | Nothing was injected. These bad answers are no effect of a fault: web: "
        in text
    )
    assert "nothing was injected, so no bad answer is its doing" in text
    page = Page(render_html(result, timeline))
    assert "Bad answers, before anything was injected" in page.text
    assert "bad answers, not over" in page.text
    for told in (text, page.text):
        assert "outage, not over" not in told
        assert "clients still got bad answers" not in told
        assert "saw a bad answer" not in told


def test_what_was_injected_has_outages() -> None:
    page = Page(render_html(*judged(World().records())))
    assert "Outages" in page.text
    assert "before anything was injected" not in page.text

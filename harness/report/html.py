"""One drill, and one run, as self-contained HTML: nothing is loaded, and paper shows all of it.

The one script is that of the timeline, to point and to zoom; whoever does without it misses no fact.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import quote

from markupsafe import Markup

from harness.clock import utc_text
from harness.journal.records import FaultState
from harness.measure.timeline import Timeline
from harness.report import story, words
from harness.report.assets import assets, environment
from harness.report.bars import bar
from harness.report.chart import charts
from harness.report.logs import REACH, Moment
from harness.report.previous import Before
from harness.report.summary import RunSummary
from harness.units import Duration, counted
from harness.verdict.result import Result

LISTED: Final = 50  # of lost, altered or duplicated writes so many are listed; result.json holds all
_INDENT: Final = re.compile(r"\n\s+")
_WHOSE: Final = {
    "clients": "by when clients sent their requests",
    "server": "by the system itself, time in flight included",
    "harness": "by instants that the harness took",
    "ledger": "by when writes were acknowledged",
}
"""Whose instants a measure lies between."""


def render_html(result: Result, timeline: Timeline, moments: Sequence[Moment] = ()) -> str:
    """The report of one drill.

    Args:
        result: the judged drill.
        timeline: what its journal told, for the picture of the probes.
        moments: what was logged around the moments of the drill.
    """
    origin = words.Origin.of(result)
    script = _script()
    return render(
        "report.html.j2",
        result=result,
        headline=story.headline(result),
        facts=story.facts(result),
        charts=charts(result, timeline),
        at=origin.at,
        origin=origin,
        zero_utc=_utc(timeline, origin.zero),
        bars=[bar(one.interval, one.bound) for one in result.objectives],
        by_hand=story.by_hand(result),
        untouched=story.untouched(result),
        undone=timeline.undone,
        missing=story.gone(result.account) if result.account else (),
        gone=timeline.fault_at(FaultState.GONE),
        start=timeline.start,
        outages=[(service, outage) for service in result.services for outage in service.outages],
        listed=LISTED,
        moments=moments,
        reach=REACH,
        script=Markup(script),  # noqa: S704 - our own file
        script_digest=b64encode(sha256(script.encode()).digest()).decode(),
        whose=_WHOSE,
        takers=words.TAKERS,
    )


def render_index(summary: RunSummary, previous: Mapping[str, Before] | None = None) -> str:
    """The run at a glance, worst first, with links that work from a file system.

    Args:
        summary: of the run.
        previous: what its drills came to the time before, by their ids.
    """
    return render(
        "index.html.j2",
        run=summary,
        previous=previous or {},
        link_before=_link_before,
        bars=[bar(one.rto, one.rto_objective) if one.rto_objective is not None else None for one in summary.drills],
        link=lambda drill_id: f"{quote(drill_id, safe='')}/report.html",
    )


def _link_before(before: Before) -> str:
    """From the index of a run to a report of another one: it lies in the folder beside this one, or anywhere."""
    path = PurePosixPath(before.report)
    return path.as_uri() if path.is_absolute() else quote(f"../{path}")


def render(template: str, **values: Any) -> str:
    """A page from one of our templates, with the words that all of them use."""
    text = (
        environment()
        .get_template(template)
        .render(
            style=Markup((assets("templates") / "style.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
            clean=words.clean,
            clock=words.clock,
            count=counted,
            duration=words.duration,
            ending=words.ending,
            interval=words.interval,
            kinds=words.kinds,
            number=words.number,
            sentence=words.sentence,
            short=words.short,
            capital=words.capital,
            **values,
        )
    )
    return words.clean(_INDENT.sub("\n", text))


def _script() -> str:
    """The script of the timeline, as it stands in the page: a browser runs it if its digest is that in the head."""
    return _INDENT.sub("\n", (assets("templates") / "timeline.js").read_text(encoding="utf-8"))


def _utc(timeline: Timeline, second: float) -> str:
    """The UTC label of an instant, in seconds from the first record, by the clock record nearest to it."""
    instant = timeline.start + Duration.of(s=second)
    read = min(timeline.clocks, key=lambda one: abs((one.at - instant).ns), default=None)
    return "" if read is None else utc_text(read.utc_ns + (instant - read.at).ns)

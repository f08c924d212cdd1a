"""The report of a drill: verdict first, nothing loaded, nothing believed that others wrote."""

from __future__ import annotations

import hashlib
import re
import time
from base64 import b64encode
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.cli.results import exit_code
from harness.journal.cause import Cause
from harness.journal.declaration import Verdict
from harness.journal.observation import Outcome
from harness.report.assets import assets
from harness.report.html import render_html, render_index
from harness.report.junit import render_junit
from harness.report.markdown import render_markdown
from harness.report.summary import summary
from harness.verdict.result import AccountResult, LostWrite, Result, Seconds
from tests.support.journals import judged
from tests.support.pages import Page
from tests.support.stories import BAD_RELEASE, CRASH, STORIES

SCREEN = 1300  # characters of text that a first screenful holds
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7*7 }}&amp;\x00"


def _page(name: str) -> tuple[Result, Page]:
    result, timeline = judged(STORIES[name])
    return result, Page(render_html(result, timeline))


@pytest.mark.parametrize("name", STORIES)
def test_the_first_screenful_holds_verdict_reason_and_the_five_answers(name: str) -> None:
    result, page = _page(name)
    first = page.text[:SCREEN].lower()
    assert result.verdict.value in first
    assert result.reason.split(";")[0].lower() in first
    for question in ("what broke", "what the rollback did", "how long clients suffered", "what data was lost"):
        assert question in first


def test_the_stories_show_every_verdict() -> None:
    assert {judged(story)[0].verdict for story in STORIES.values()} == set(Verdict)


def test_a_pass_opens_with_what_clients_lived_through() -> None:
    assert _page("crash")[1].text.startswith(
        "Passed: clients were without good answers for 2.93 to 2.98 s; no acknowledged write was lost."
    )


def test_a_partial_failure_is_not_called_a_whole_one() -> None:
    assert "clients got bad answers for 2.94 to 2.99 s" in _page("passed")[1].text


def test_a_negative_control_reads_as_expected() -> None:
    result, timeline = judged(STORIES["invalid"])
    html = render_html(result, timeline)
    assert Page(html).text.startswith("As expected, invalid:")
    assert 'class="t-passed"' in html


def test_a_pass_where_none_was_expected_reads_as_a_failure() -> None:
    html = render_html(*judged(replace(BAD_RELEASE, expected=Verdict.INVALID)))
    assert Page(html).text.startswith("Passed, but invalid was expected:")
    assert 'class="t-missed"' in html


def test_the_right_verdict_for_another_reason_does_not_read_as_expected() -> None:
    no_load = replace(STORIES["invalid"], expected=Verdict.INVALID, expected_cause=Cause.NO_LOAD)
    result, timeline = judged(no_load)
    html = render_html(result, timeline)
    assert Page(html).text.startswith("Invalid, but for another reason than expected:")
    assert "Expected was that it ends invalid because there was no load." in Page(html).text
    assert 'class="t-invalid"' in html
    assert "invalid because there was no load expected" in Page(render_index(summary([result]))).text
    assert "<error " in render_junit([result])
    assert exit_code([result]) == 2


@pytest.mark.parametrize("name", STORIES)
def test_the_page_is_well_formed_and_loads_nothing(name: str) -> None:
    result, timeline = judged(STORIES[name])
    html = render_html(result, timeline)
    page = Page(html)
    assert not page.mismatched
    assert not page.open
    assert not page.loads
    assert not page.links
    assert not {"link", "iframe", "object", "embed", "img", "image", "use"} & set(page.tags)
    assert not re.search(r"url\((?!#)|@import|https?://", html)


def test_the_only_script_is_that_of_the_timeline_and_a_browser_runs_no_other() -> None:
    page = render_html(*judged(BAD_RELEASE))
    [script] = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert "".join(script.split()) == "".join((assets("templates") / "timeline.js").read_text("utf-8").split())
    [policy] = re.findall(r'Content-Security-Policy" content="([^"]+)"', page)
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


def test_the_same_drill_gives_the_same_bytes() -> None:
    assert render_html(*judged(BAD_RELEASE)) == render_html(*judged(BAD_RELEASE))


def test_what_others_wrote_is_shown_and_never_run() -> None:
    story = replace(
        CRASH,
        name=HOSTILE,
        fault=HOSTILE * 20,
        services=(HOSTILE, "サービス", "b"),
        hit={HOSTILE: (Outcome.REFUSED, 1.0)},
        undo_error=HOSTILE,
    )
    result, timeline = judged(story)
    hostile = result.model_copy(update={"again": HOSTILE, "tags": (HOSTILE,), "versions": {HOSTILE: HOSTILE}})
    html = render_html(hostile, timeline)
    page = Page(html)
    assert "img" not in page.tags
    assert page.tags.count("script") == 1
    assert not page.loads
    assert not page.mismatched
    assert "\x00" not in html
    assert "<script>alert(1)</script>" in page.text
    assert "{{ 7*7 }}" in page.text


def test_lost_writes_are_listed_up_to_a_limit_and_the_rest_is_counted() -> None:
    result, timeline = judged(STORIES["missed"])
    assert result.account is not None
    lost = tuple(LostWrite(id=f"lost-{n}", client=1, sequence=n, acknowledged=1.0) for n in range(500))
    many = result.model_copy(update={"account": result.account.model_copy(update={"lost": lost})})
    text = Page(render_html(many, timeline)).text
    assert "lost-49 " in text
    assert "lost-50 " not in text
    assert "and 450 more in result.json" in text


def test_an_undo_that_failed_is_told_loudly_with_what_to_do() -> None:
    text = _page("missed")[1].text
    assert "A person must act: slot green is busy; by hand: drill heal" in text
    assert text.index("A person must act") < text.index("Objectives An objective")


def test_a_fault_that_may_still_be_there_is_told_loudly() -> None:
    result, page = _page("aborted")
    assert not result.fault.undone
    assert "A person must act: the journal does not say that the fault was taken back" in page.text
    assert "Proof of removal not on record" in page.text
    assert "drill heal" in render_markdown(result)


def test_nothing_measured_is_never_shown_as_none_lost_or_no_outage() -> None:
    text = _page("nothing")[1].text
    assert "What data was lost Not known" in text
    assert "How long clients suffered Nothing was injected" in text
    assert "no probe was recorded here" in text


def test_a_report_of_four_services_is_small_and_quick() -> None:
    result, timeline = judged(replace(BAD_RELEASE, steady=9.0))
    render_html(result, timeline)
    started = time.process_time()
    html = render_html(result, timeline)
    assert time.process_time() - started < 0.3
    assert len(html.encode()) < 500_000


def test_twelve_services_fit() -> None:
    services = ("tracklist-service", *(f"service-{number}" for number in range(11)))
    page = Page(render_html(*judged(replace(CRASH, services=services))))
    assert all(name in page.text for name in services)


def _luminance(colour: str) -> float:
    digits = colour if len(colour) == 6 else "".join(one * 2 for one in colour)
    channels = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (one / 12.92 if one <= 0.03928 else ((one + 0.055) / 1.055) ** 2.4 for one in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", [0, 1, 2], ids=["light", "dark", "print"])
def test_all_text_has_the_contrast_of_wcag_aa(theme: int) -> None:
    style = (assets("templates") / "style.css").read_text(encoding="utf-8")
    colours = dict(re.findall(r"--([a-z-]+):#([0-9a-f]{3,6})", style.split(":root{")[theme + 1].split("}")[0]))
    texts = ("ink", "soft", "good", "bad", "unknown", "invalid", "aborted")
    pairs = [(text, "page") for text in texts] + [
        ("ink", "wash"),
        ("soft", "wash"),
        ("soft", "code"),
        ("bad", "bad-wash"),
    ]
    pairs += [(word, f"{tone}-wash") for tone in texts[2:] for word in (tone, "ink", "soft")]
    for text, ground in pairs:
        light, dark = sorted((_luminance(colours[text]), _luminance(colours[ground])), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, ground)


BASE, LINE = judged(replace(CRASH, rate=10))
ODD = st.floats() | st.sampled_from([0.0, -0.0, -1.0, 1e-9, 1e300])
TEXT = st.text(max_size=60) | st.just(HOSTILE)


@st.composite
def odd_results(draw: st.DrawFn) -> Result:
    """A result with values that no real drill should have."""
    span = st.none() | st.builds(Seconds.model_construct, low=ODD, high=ODD)
    account: AccountResult | None = BASE.account
    return BASE.model_copy(
        update={
            "name": draw(TEXT),
            "reason": draw(TEXT),
            "source": draw(TEXT),
            "drill_id": draw(TEXT),
            "verdict": draw(st.sampled_from(Verdict)),
            "as_expected": draw(st.booleans()),
            "measures": tuple(one.model_copy(update={"interval": draw(span)}) for one in BASE.measures),
            "objectives": tuple(
                one.model_copy(update={"interval": draw(span), "bound": draw(ODD), "reason": draw(TEXT)})
                for one in BASE.objectives
            ),
            "criteria": tuple(one.model_copy(update={"value": draw(ODD | TEXT | st.none())}) for one in BASE.criteria),
            "account": draw(st.sampled_from([account, None])),
            "plan": draw(st.sampled_from([BASE.plan, None])),
            "services": draw(st.sampled_from([BASE.services, BASE.services[:1], ()])),
            "events": draw(st.sampled_from([BASE.events, ()])),
        }
    )


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(odd_results())
def test_no_result_is_too_odd_to_be_reported(result: Result) -> None:
    page = Page(render_html(result, LINE))
    assert not page.mismatched
    assert not page.loads
    assert result.verdict.value in page.text[:SCREEN].lower()
    assert render_markdown(result)
    assert render_junit([result])
    finite = result.model_copy(update={"objectives": BASE.objectives})  # a summary refuses a bound that is no number
    assert Page(render_index(summary([finite]))).links

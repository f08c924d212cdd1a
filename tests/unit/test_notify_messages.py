"""What each kind of receiver gets, by its own rules."""

from __future__ import annotations

import json

import pytest
from pydantic import SecretStr

from harness.notify.messages import body
from harness.notify.notice import Notice, Occasion, Target
from harness.system.notify_model import Way

PAGER = Target("pager", Way.PAGERDUTY, SecretStr("http://127.0.0.1:1/"), SecretStr("routing-key"))
SLACK = Target("chat", Way.SLACK, SecretStr("http://127.0.0.1:1/"))
HOOK = Target("hook", Way.WEBHOOK, SecretStr("http://127.0.0.1:1/"))


def notice(
    occasion: Occasion = Occasion.STARTED, title: str = "web is down", details: dict[str, str] | None = None
) -> Notice:
    return Notice(occasion, "run/drill", title, details or {})


@pytest.mark.parametrize(
    ("occasion", "action"),
    [
        (Occasion.STARTED, "trigger"),
        (Occasion.PROGRESS, "acknowledge"),
        (Occasion.COMPLETED, "resolve"),
        (Occasion.FAILED, "trigger"),
        (Occasion.ESCALATION, "trigger"),
    ],
)
def test_pagerduty_sees_one_incident_from_its_trigger_to_its_end(occasion: Occasion, action: str) -> None:
    event = body(notice(occasion), PAGER)
    assert (event["event_action"], event["dedup_key"], event["routing_key"]) == (action, "run/drill", "routing-key")
    assert ("payload" in event) is (action == "trigger")


def test_pagerduty_is_told_what_and_where_within_its_limits() -> None:
    event = body(notice(title="x" * 2000, details={"system": "shop", "fault": "a crash"}), PAGER)
    assert event["payload"] == {
        "summary": "x" * 1024,
        "source": "shop",
        "severity": "critical",
        "custom_details": {"system": "shop", "fault": "a crash"},
    }


def test_slack_reads_no_text_as_its_own_signs_and_gets_no_more_than_it_takes() -> None:
    details = {f"field {number}": "<!channel> & more" for number in range(12)}
    message = body(notice(title="<b> & co" + "y" * 300, details=details), SLACK)
    assert message["text"].startswith("&lt;b&gt; &amp; co")
    header, section, context = message["blocks"]
    assert len(header["text"]["text"]) == 150
    assert len(section["fields"]) == 10
    assert section["fields"][0]["text"] == "*field 0*\n&lt;!channel&gt; &amp; more"
    assert context["elements"][0]["text"] == "incident run/drill"
    assert [one["type"] for one in body(notice(), SLACK)["blocks"]] == ["header", "context"]


def test_a_webhook_gets_the_notice_itself() -> None:
    assert body(notice(Occasion.FAILED, details={"reason": "no"}), HOOK) == {
        "occasion": "failed",
        "incident": "run/drill",
        "title": "web is down",
        "details": {"reason": "no"},
    }


def test_nobody_reads_a_secret_in_a_target() -> None:
    assert "routing-key" not in repr(PAGER)
    assert "127.0.0.1" not in str(PAGER)
    assert "routing-key" not in json.dumps(body(notice(), HOOK))

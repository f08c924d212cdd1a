"""The bodies of notices, as each kind of receiver expects them. Pure.

Slack: an incoming webhook's message with blocks. PagerDuty: Events API v2, where trigger, acknowledge and resolve of
one `dedup_key` are one incident. A webhook gets the notice itself.
"""

from __future__ import annotations

from typing import Any, Final

from harness.notify.notice import Notice, Occasion, Target
from harness.system.notify_model import Way

_ICON: Final = {
    Occasion.STARTED: ":rotating_light:",
    Occasion.PROGRESS: ":hourglass_flowing_sand:",
    Occasion.COMPLETED: ":white_check_mark:",
    Occasion.FAILED: ":x:",
    Occasion.ESCALATION: ":sos:",
}
_ACTION: Final = {
    Occasion.STARTED: "trigger",
    Occasion.PROGRESS: "acknowledge",  # somebody is at it: the rollback itself
    Occasion.COMPLETED: "resolve",
    Occasion.FAILED: "trigger",
    Occasion.ESCALATION: "trigger",
}
_SUMMARY: Final = 1024  # characters: PagerDuty's limit
_FIELDS: Final = 10  # Slack's limit for a section
_FIELD: Final = 2000  # characters: Slack's limit for one of them
_HEADER: Final = 150  # characters: Slack's limit


def body(notice: Notice, target: Target) -> dict[str, Any]:
    """The JSON that a receiver gets."""
    if target.way is Way.SLACK:
        return _slack(notice)
    if target.way is Way.PAGERDUTY:
        return _pagerduty(notice, target)
    return {
        "occasion": notice.occasion.value,
        "incident": notice.incident,
        "title": notice.title,
        "details": notice.details,
    }


def _slack(notice: Notice) -> dict[str, Any]:
    fields = [
        {"type": "mrkdwn", "text": _escaped(f"*{name}*\n{text}")[:_FIELD]} for name, text in notice.details.items()
    ]
    blocks: list[dict[str, Any]] = [
        {
            "type": "header",
            "text": {"type": "plain_text", "text": f"{_ICON[notice.occasion]} {notice.title}"[:_HEADER], "emoji": True},
        }
    ]
    if fields:
        blocks.append({"type": "section", "fields": fields[:_FIELDS]})
    blocks.append(
        {"type": "context", "elements": [{"type": "mrkdwn", "text": _escaped(f"incident {notice.incident}")}]}
    )
    return {"text": _escaped(notice.title), "blocks": blocks}


def _escaped(text: str) -> str:
    """Slack's three control characters, as its documentation asks for."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _pagerduty(notice: Notice, target: Target) -> dict[str, Any]:
    event: dict[str, Any] = {
        "routing_key": target.key.get_secret_value() if target.key else "",
        "event_action": _ACTION[notice.occasion],
        "dedup_key": notice.incident,
    }
    if event["event_action"] == "trigger":
        event["client"] = "rollback-drill"
        event["payload"] = {
            "summary": notice.title[:_SUMMARY],
            "source": notice.details.get("system", "rollback-drill"),
            "severity": "critical",
            "custom_details": notice.details,
        }
    return event

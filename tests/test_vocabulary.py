"""One word for one thing, in features, documentation and README (design: words)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.drill.sandboxes import NAMES
from harness.journal.declaration import Verdict
from harness.journal.records import Stage
from harness.system.values import Slot

REPOSITORY = Path(__file__).parents[1]
TEXTS = sorted(
    [*(REPOSITORY / "features").rglob("*.feature"), *(REPOSITORY / "docs").rglob("*.md"), REPOSITORY / "README.md"]
)
INSTEAD = {
    r"(?<!make )canar(y|ies)": "nothing here is one: a release is live or on standby",
    r"blue[- /]green (environment|env|deployment)s?": "the slots blue and green",
    r"(blue|green) (environment|env|side|stack|colou?r)s?": "slot",
    r"(?<!make )(?<!drill )(?<!/)game-?days?(?![./]\w)": "game day",  # but in commands and names of files
    r"(inconclusive|unclear|unstable|flaky)": "the verdict indeterminate",
    r"verdict (is |was )?(failed|failure|fail|success|successful|ok|green|red)": "missed, passed, …",
    r"(chaos|rollback) (test|experiment)s?": "drill",
    r"experiments?": "drill",
    r"test ?beds?": "sandbox",
    r"downtime": "outage",
    r"(SLO|SLA)s?": "objective",
    r"roll-backs?": "rollback",
    r"fail-?over": "rollback",
    r"health ?checks? (passes|pass|fails|fail)": "a criterion holds, or does not",
}
"""What people also call these things, and the word that is used here."""


OF_OTHERS = {r"experiments?": "Chaos Toolkit"}
"""A word that means what it means to others in a text that names them."""


def test_there_are_texts_to_look_at() -> None:
    assert len(TEXTS) > 4


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_no_thing_has_a_second_name(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = [
        f"line {text[: match.start()].count(chr(10)) + 1}: '{match.group()}', here: {word}"
        for pattern, word in INSTEAD.items()
        if pattern not in OF_OTHERS or OF_OTHERS[pattern] not in text
        for match in re.finditer(rf"\b(?:{pattern})\b", text, re.IGNORECASE)
    ]
    assert found == []


def test_a_second_name_would_be_found() -> None:
    spoken = ("a canary", "the green environment", "a game-day", "flaky", "the verdict is failed", "downtime", "SLOs")
    assert all(any(re.search(rf"\b(?:{pattern})\b", text, re.IGNORECASE) for pattern in INSTEAD) for text in spoken)


def test_verdicts_slots_stages_and_sandboxes_have_the_names_of_the_design() -> None:
    assert [verdict.value for verdict in Verdict] == ["passed", "missed", "indeterminate", "invalid", "aborted"]
    assert [slot.value for slot in Slot] == ["blue", "green"]
    assert [stage.value for stage in Stage][:4] == ["prepare", "steady state", "inject", "detect"]
    assert set(NAMES) <= {"embedded", "kind", "cluster"}


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_is_explained_to_a_newcomer(verdict: Verdict) -> None:
    documented = "".join(path.read_text(encoding="utf-8") for path in TEXTS if path.suffix == ".md")
    assert re.search(rf"\b{verdict.value}\b", documented)

"""What the accounts of a watchdog, or of heal, say in a drill's result and in its reports."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.errors import InputError
from harness.journal.account import account_name
from harness.journal.chain import JournalWriter, read_journal
from harness.journal.records import ClockRead, Record, SandboxEnded, TakenBack, TakenOver, UndoDone
from harness.journal.undo import Uncordon
from harness.report.again import judge_folder
from harness.report.html import render_html
from harness.report.markdown import render_markdown
from harness.report.story import by_hand
from harness.units import Instant
from harness.verdict.result import Result
from harness.verdict.takeover import NO_END, taken_back
from tests.support.journals import judged, records
from tests.support.stories import BAD_RELEASE

SECOND = 1_000_000_000
NOON = 1_772_366_400 * SECOND  # 2026-03-01 12:00 UTC
UNDO = Uncordon(node="node-1")
STORY = tuple(record for _, record in records(BAD_RELEASE))


def begun(head: str = "", records: int = 0) -> tuple[Record, ...]:
    over = TakenOver(at=Instant(0), by="watchdog", why="the drill was killed", head=head, records=records, torn=False)
    return (over, ClockRead(process="watchdog", at=Instant(SECOND), utc_ns=NOON + SECOND))


def ended(*left: str) -> tuple[Record, ...]:
    return (
        UndoDone(undo=UNDO, at=Instant(SECOND), error=left[0] if left else ""),
        SandboxEnded(at=Instant(2 * SECOND), detail="sandbox 1a: ended by its daemon"),
        TakenBack(at=Instant(3 * SECOND), left=left),
    )


def with_accounts(*accounts: Sequence[Record]) -> Result:
    """A result of a drill that does not say itself that its fault was taken back."""
    result = judged(BAD_RELEASE)[0]
    fault = result.fault.model_copy(update={"undone": False})
    return result.model_copy(update={"fault": fault, "taken_back": taken_back(accounts)})


def test_an_account_tells_who_acted_when_why_and_what_was_done() -> None:
    [found] = taken_back([(*begun(), *ended())])
    assert (found.by, found.why) == ("watchdog", "the drill was killed")
    assert found.begun_utc.startswith("2026-03-01")
    assert "12:00:00" in found.begun_utc
    assert found.ended_utc is not None
    assert "12:00:03" in found.ended_utc
    assert found.done == ("let pods start on node node-1 again: done", "sandbox 1a: ended by its daemon")
    assert found.left == ()


def test_what_an_account_says_is_left_is_what_a_person_must_do() -> None:
    left = "node-1 does not answer; by hand: kubectl uncordon node-1"
    assert by_hand(with_accounts((*begun(), *ended(left)))) == (left,)


def test_of_several_accounts_the_last_one_knows_what_is_left() -> None:
    assert by_hand(with_accounts((*begun(), *ended("node-1 is away")), (*begun(), *ended()))) == ()


def test_a_drill_that_nobody_took_back_is_for_a_person() -> None:
    assert "drill heal" in by_hand(with_accounts())[0]


def test_an_account_without_an_end_is_for_a_person() -> None:
    [found] = taken_back([begun()])
    assert found.ended_utc is None
    assert found.left == (NO_END,)


def test_an_account_without_a_whole_record_tells_nothing() -> None:
    assert taken_back([()]) == ()


def test_the_reports_say_what_the_watchdog_did() -> None:
    result, (_, timeline) = with_accounts((*begun(), *ended())), judged(BAD_RELEASE)
    page, text = render_html(result, timeline), render_markdown(result)
    assert "Taken back by its watchdog" in page
    assert "A person must act" not in page
    for part in ("sandbox 1a: ended by its daemon", "The drill was killed"):
        assert part in page
    assert "Taken back by its watchdog, from 2026-03-01" in text
    assert "- sandbox 1a: ended by its daemon" in text


def test_the_reports_say_what_is_left_with_its_command() -> None:
    left = "node-1 does not answer; by hand: kubectl uncordon node-1"
    result, (_, timeline) = with_accounts((*begun(), *ended(left))), judged(BAD_RELEASE)
    for text in (render_html(result, timeline), render_markdown(result)):
        assert "A person must act" in text
        assert "kubectl uncordon node-1" in text


def write(path: Path, told: Sequence[Record]) -> None:
    writer = JournalWriter(path)
    for one in told:
        writer.append(one)
    writer.close()


def folder_of(tmp_path: Path, account: Sequence[Record]) -> Path:
    write(tmp_path / "journal.jsonl", STORY)
    write(tmp_path / account_name(1), account)
    return tmp_path


def test_the_account_in_a_drills_folder_is_in_its_result(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, (*begun(), *ended()))
    journal = read_journal(folder / "journal.jsonl")
    write(folder / account_name(2), (*begun(journal.head, len(journal.entries)), *ended()))
    assert [one.by for one in judge_folder(folder).taken_back] == ["watchdog", "watchdog"]


@pytest.mark.parametrize("more", [0, 1])
def test_an_account_of_another_journal_is_refused(tmp_path: Path, more: int) -> None:
    folder = folder_of(tmp_path, (*begun("f" * 64, len(STORY) + more), *ended()))
    with pytest.raises(InputError, match="an account in it is of another journal"):
        judge_folder(folder)


def test_an_account_that_was_altered_is_refused(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, (*begun(), *ended()))
    path = folder / account_name(1)
    path.write_text(path.read_text().replace("killed", "spared"))
    with pytest.raises(InputError, match=r"account-1\.jsonl:1: this line of the journal was altered"):
        judge_folder(folder)


def test_an_account_that_does_not_say_who_began_it_when_is_told_as_it_is() -> None:
    over, clock = begun()
    [nobody] = taken_back([(clock, *ended())])
    assert (nobody.by, nobody.why, nobody.begun_utc) == ("heal", "its account does not say", "")
    assert nobody.ended_utc is not None
    assert "12:00:03" in nobody.ended_utc
    [never] = taken_back([(over, *ended())])
    assert (never.by, never.begun_utc, never.ended_utc) == ("watchdog", "", "")

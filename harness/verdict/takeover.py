"""What others did for a drill that could not take back itself what it had done, as its accounts tell it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal

from pydantic import Field

from harness.clock import utc_text
from harness.journal.declaration import Value
from harness.journal.records import ClockRead, Record, SandboxEnded, TakenBack, TakenOver, UndoDone
from harness.units import Instant

NO_END: Final = "the account has no end, so nobody knows what is left; by hand: drill heal"


class TakenBackResult(Value):
    """What somebody else did for a drill that could not take back itself what it had done."""

    by: Literal["watchdog", "heal"]
    why: str
    begun_utc: str
    ended_utc: str | None = Field(description="null when the account has no end")
    done: tuple[str, ...] = Field(description="what was done, a sentence each")
    left: tuple[str, ...] = Field(description="what is left, a sentence each, with what a person does about it")


def taken_back(accounts: Iterable[Sequence[Record]]) -> tuple[TakenBackResult, ...]:
    """The accounts of a drill in the order in which they were begun; one without a whole record tells nothing."""
    return tuple(_told(records) for records in accounts if records)


def _told(records: Sequence[Record]) -> TakenBackResult:
    begun = next((one for one in records if isinstance(one, TakenOver)), None)
    over = next((one for one in records if isinstance(one, TakenBack)), None)
    clock = next((one for one in records if isinstance(one, ClockRead)), None)

    def utc(at: Instant | None) -> str:
        return "" if at is None or clock is None else utc_text(clock.utc_ns + (at - clock.at).ns)

    return TakenBackResult(
        by=begun.by if begun else "heal",
        why=begun.why if begun else "its account does not say",
        begun_utc=utc(begun.at if begun else None),
        ended_utc=utc(over.at) if over else None,
        done=tuple(_done(records)),
        left=over.left if over else (NO_END,),
    )


def _done(records: Sequence[Record]) -> Iterator[str]:
    for one in records:
        if isinstance(one, UndoDone):
            yield f"{one.undo.title}: {one.error or 'done'}"
        elif isinstance(one, SandboxEnded):
            yield one.error or one.detail

"""The page in which people read of a rollback by hand, beside its record."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from harness.cli.rollback_output import Told, headline
from harness.cli.rollback_tell import Telling
from harness.rollback.incident import ByHand, by_hand_record
from harness.rollback.interrupted import Before
from harness.rollback.plan import Plan
from harness.rollback.record import Writer
from harness.secrecy import masked
from harness.units import Duration, Instant


@dataclass(frozen=True, slots=True)
class Parts:
    """Who learns of a rollback by hand: the screen, its record, and people; and what else its page is to tell.

    `releases` are those that it goes back from, `looks` how long after it somebody should look again.
    """

    screen: Told
    writer: Writer
    telling: Telling
    releases: Sequence[str] = ()
    looks: Sequence[Duration] = ()

    def write_page(self, found: Plan, begun: tuple[Instant, str], ended: str, reason: str) -> None:
        """Writes what people read of it, after what was done before; that this failed is told, and changes nothing."""
        at, utc = begun
        reports = self.screen.reports
        one = ByHand(headline(found), self.writer.owner, at, reports, ended, reason, self.releases, self.looks)
        try:
            with self.writer.page.open("a", encoding="utf-8") as page:
                page.write(masked(by_hand_record(one, utc)) + "\n")
        except OSError as error:
            print(f"drill: {self.writer.page}: the record cannot be written: {error.strerror}", file=sys.stderr)


def left_by(found: Plan, before: Sequence[Before]) -> list[str]:
    """The releases that a rollback goes back from."""
    served = ((one.service, one.versions.get(one.active)) for one in before)
    return [f"{name} {version}" for name, version in served if version and found.target.get(name, version) != version]

"""An incident as people tell it, and the feature that lets it happen again. Pure.

Every sentence that is written here is a step of `scenarios`; a test looks at each combination with `drill lint`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from harness.system.model import SystemModel


class Symptom(StrEnum):
    """What clients, or those who looked after them, saw."""

    ERRORS = "errors"
    DOWN = "down"
    SLOW = "slow"
    TABLE_DROPPED = "table-dropped"
    ROWS_DELETED = "rows-deleted"
    DATABASE_LOST = "database-lost"
    MIGRATED = "migrated"


class Done(StrEnum):
    """What was done about it."""

    TRAFFIC = "traffic"
    ROLLING = "rolling"
    EMERGENCY = "emergency"
    MOMENT = "moment"
    DUMP = "dump"
    END_OF_LOG = "end-of-log"
    MIGRATED_BACK = "migrated-back"


SYMPTOMS: Final = {
    Symptom.ERRORS: "a release went live, and clients got errors",
    Symptom.DOWN: "it went down and stayed down",
    Symptom.SLOW: "it became slow",
    Symptom.TABLE_DROPPED: "a table was dropped",
    Symptom.ROWS_DELETED: "all rows of a table were deleted",
    Symptom.DATABASE_LOST: "the database was lost with its disk",
    Symptom.MIGRATED: "the schema was migrated, and what ran did not fit it",
}
DEEDS: Final = {
    Done.TRAFFIC: "traffic was switched back to the release before",
    Done.ROLLING: "the release before was put in its place, batch by batch",
    Done.EMERGENCY: "whatever helped first: traffic, the release before, a restart",
    Done.MOMENT: "the database was restored to the moment before",
    Done.DUMP: "the newest dump was restored",
    Done.END_OF_LOG: "the database was restored to the end of its log",
    Done.MIGRATED_BACK: "the schema was migrated back",
}
CURES: Final = {
    Symptom.ERRORS: (Done.TRAFFIC, Done.ROLLING, Done.EMERGENCY),
    Symptom.DOWN: (Done.TRAFFIC, Done.EMERGENCY),
    Symptom.SLOW: (Done.TRAFFIC, Done.EMERGENCY),
    Symptom.TABLE_DROPPED: (Done.MOMENT, Done.DUMP),
    Symptom.ROWS_DELETED: (Done.MOMENT, Done.DUMP),
    Symptom.DATABASE_LOST: (Done.END_OF_LOG, Done.DUMP),
    Symptom.MIGRATED: (Done.MIGRATED_BACK,),
}
"""What can be done about each symptom, the usual first."""

OF_RELEASES: Final = (Symptom.ERRORS, Symptom.DOWN, Symptom.SLOW)
OF_TABLES: Final = (Symptom.TABLE_DROPPED, Symptom.ROWS_DELETED)


@dataclass(frozen=True, slots=True)
class Incident:
    """What happened. `since` is the version it began with, `before` the one that worked; `table` is '' without one."""

    title: str
    service: str
    symptom: Symptom
    since: str
    before: str
    done: Done
    table: str = ""

    @property
    def file_name(self) -> str:
        """A name for its feature."""
        return (re.sub(r"[^a-z0-9]+", "_", self.title.lower()).strip("_")[:60].strip("_") or "incident") + ".feature"


def usual_title(service: str, symptom: Symptom, since: str) -> str:
    """What an incident is called that nobody has given a name."""
    words = {
        Symptom.ERRORS: f"{service} {since} answers with errors",
        Symptom.DOWN: f"{service} goes down and stays down",
        Symptom.SLOW: f"{service} becomes slow",
    }
    title = words.get(symptom, SYMPTOMS[symptom].replace("was ", "is ").replace("were ", "are "))
    return title[0].upper() + title[1:]


def feature_text(incident: Incident, model: SystemModel) -> str:
    """The feature: a scenario that runs at once, with a comment where a number is only a first guess."""
    told = f"{SYMPTOMS[incident.symptom].capitalize()}. Then {DEEDS[incident.done]}."
    lines = [
        f"Feature: {incident.title}",
        f"  What happened to {incident.service}: {told[0].lower()}{told[1:]}",
        "  This drill lets it happen again, and shows that the way back still works.",
        "",
        f"  Scenario: {incident.title}",
        *(f"    {line}" for line in _scenario(incident, model)),
    ]
    return "\n".join(lines) + "\n"


def _scenario(incident: Incident, model: SystemModel) -> Iterator[str]:
    yield from _before(incident)
    yield f"When {_fault(incident)}"
    yield "Then clients feel it within 10 s"
    yield "And a rollback is called for within 15 s"
    yield "And it is decided within 5 s"
    yield f"And {_way_back(incident)}"
    yield "And clients get good answers again within 30 s, for 5 s on end"
    yield from _afterwards(incident, model)


def _before(incident: Incident) -> Iterator[str]:
    service = incident.service
    yield f"Given every service is live in {incident.before}"
    if incident.symptom in (Symptom.DOWN, Symptom.SLOW):
        yield f"And {service} is live in {incident.since}, with {incident.before} on standby"
    if incident.done is Done.DUMP:
        yield "And the database is dumped"
    if incident.done in (Done.MOMENT, Done.END_OF_LOG):
        yield "And a base backup of the database is taken"
    if incident.symptom is Symptom.SLOW:
        yield "# How long may clients wait? Put your own number."
        yield f"And a good answer of {service} takes at most 200 ms"
    yield "And the steady state is observed for 2 s"
    yield "# Minutes where it is real; in a drill, as short as tells a fault from noise."
    what = {
        Symptom.DOWN: f"{service} is down for 2 s",
        Symptom.SLOW: f"responses of {service} take more than 3 times their baseline for 2 s",
    }
    condition = what.get(incident.symptom, f"the error rate of {service} is above 5 % for 2 s")
    yield f"And a rollback is called for when {condition}"


def _fault(incident: Incident) -> str:
    service, since, table = incident.service, incident.since, incident.table
    in_place = incident.done is Done.ROLLING
    return {
        Symptom.ERRORS: f"{service} is {'updated in place to' if in_place else 'released as'} {since}",
        Symptom.DOWN: f"{service} crashes and stays down",
        Symptom.SLOW: f"answers of {service} become 200 times slower",
        Symptom.TABLE_DROPPED: f"the table {table} is dropped",
        Symptom.ROWS_DELETED: f"all rows of {table} are deleted",
        Symptom.DATABASE_LOST: "the database is lost with its disk",
        Symptom.MIGRATED: f"the schema is migrated to {since}",
    }[incident.symptom]


def _way_back(incident: Incident) -> str:
    service, before = incident.service, incident.before
    return {
        Done.TRAFFIC: f"traffic is back on {before} within 10 s",
        Done.ROLLING: f"{service} is rolled back to {before} batch by batch within 60 s",
        Done.EMERGENCY: f"{service} is rolled back to {before} by the emergency ladder within 300 s",
        Done.MOMENT: "the database is restored to the moment before the fault within 60 s",
        Done.DUMP: "the database is restored from its newest dump within 60 s",
        Done.END_OF_LOG: "the database is restored to the end of its log within 60 s",
        Done.MIGRATED_BACK: f"the schema is rolled back to {before} within 60 s",
    }[incident.done]


def _afterwards(incident: Incident, model: SystemModel) -> Iterator[str]:
    of_release = incident.symptom in OF_RELEASES
    yield "And every critical service is healthy 3 times in a row within 10 s"
    if of_release:
        yield f"And {incident.service} answers as {incident.before} within 10 s"
    elif model.database and model.database.tables:
        yield "And the database has its tables within 10 s"
    if model.business_path:
        yield "And the business path works within 10 s"
    yield "# What was promised to clients? Put your own numbers."
    yield f"And the recovery time is at most {'60 s' if of_release else '2 min'}"
    if model.ledger:
        restored = incident.done in (Done.MOMENT, Done.DUMP)
        yield "And the recovery point is at most 1 min" if restored else "And no acknowledged write is lost"

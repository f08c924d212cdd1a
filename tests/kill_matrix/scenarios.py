"""A drill for each fault of the catalogue, and for each thing that can hinder its rollback.

Those of data are drills of the sample system, which has a database; all others are of the echo system.

Those that only a cluster has end on embedded where the fault is set up.
"""

from __future__ import annotations

from typing import Final

Steps = tuple[str, ...]
LIVE = ("Given every service is live in 1.0.0", "And the steady state is observed for 1 s")
TRIGGER = "And a rollback is called for when the error rate of echo is above 5 % for 500 ms"
SLOW = "And a rollback is called for when responses of echo take more than 3 times their baseline for 500 ms"
SEEN = (
    "Then clients feel it within 3 s",
    "And a rollback is called for within 6 s",
    "And it is decided within 2 s",
)
RECOVERED = (
    "And clients get good answers again within 5 s, for 1 s on end",
    "And every critical service is healthy 3 times in a row within 5 s",
)
BY_TRAFFIC = "And traffic is back on 1.0.0 within 5 s"
BY_REVISION = "And echo is to be rolled back to 1.0.0 by its revision"
ANSWERS = "And echo answers as 1.0.0 within 2 s"
IN_PLACE = "When echo is updated in place to 2.0.0"


def _hindered(by: str) -> Steps:
    """A fault whose rollback is hindered by something."""
    return (*LIVE, TRIGGER, IN_PLACE, f"And {by}", *SEEN, BY_REVISION, ANSWERS)


def _befallen(by: str) -> Steps:
    """A release whose rollback meets something on its way."""
    release = "When echo is released as 2.0.0"
    return (*LIVE, TRIGGER, release, f"And {by}", *SEEN, "And traffic is back on 1.0.0 within 10 s", ANSWERS)


def _of_data(fault: str, back: str, *more: str, backup: str = "a base backup of the database is taken") -> Steps:
    """A fault of the database of the sample system, which goes back; by a dump or by a base backup."""
    return (
        "Given every service is live in 2.4.0",
        LIVE[1],
        f"And {backup}",
        "And a rollback is called for when the error rate of analysis-service is above 5 % for 500 ms",
        "And a rollback is called for when the error rate of tracklist-service is above 5 % for 500 ms",
        f"When {fault}",
        *(f"And {one}" for one in more),
        *SEEN,
        f"And {back}",
        "And clients get good answers again within 10 s, for 1 s on end",
        "And the database answers within 2 s",
    )


def _on_own_disk(steps: Steps) -> Steps:
    """The same, with a database that has a disk of its own."""
    return (steps[0], "And the database has a disk of 128 MB of its own", *steps[1:])


def _by_tls(steps: Steps) -> Steps:
    """The same, with services that reach the database by TLS."""
    return (steps[0], "And services reach the database by TLS", *steps[1:])


DROPPED = "the table tracklist_items is dropped"
BY_MOMENT = "the database is restored to the moment before the fault within 30 s"
BY_DUMP = "the database is restored from its newest dump within 30 s"
OF_DATA: Final[dict[str, Steps]] = {
    "table dropped": _of_data(DROPPED, BY_MOMENT),
    "rows deleted": _of_data("all rows of tracklists are deleted", BY_DUMP, backup="the database is dumped"),
    "rows altered": _of_data(
        "wrong values are written into tracklists",
        BY_MOMENT,
    ),
    "connections used up": _of_data(
        "the database's connections are used up", "the database is restored to the end of its log within 30 s"
    ),
    "disk full": _on_own_disk(
        _of_data("the disk of the database is full", "the database is restored to the end of its log within 30 s")
    ),
    "certificate expired": _by_tls(
        _of_data("the certificate of the database has expired", "the schema is rolled back to 2.4.0 within 10 s")
    ),
    "migration half done": _of_data("the migration to 2.6.0 is half done", BY_MOMENT),
    "database lost": _of_data(
        "the database is lost with its disk", "the database is restored to the end of its log within 30 s"
    ),
    "schema migrated": _of_data("the schema is migrated to 2.6.0", "the schema is rolled back to 2.4.0 within 10 s"),
    "page damaged": _of_data(
        "a page of tracklist_items is damaged on the disk", "the database is restored to the end of its log within 30 s"
    ),
    "database gone": _of_data(DROPPED, BY_MOMENT, "the live database is lost in the middle of the restore"),
    "spoiled backup": _of_data(DROPPED, BY_DUMP, "the dump is truncated", backup="the database is dumped"),
    "idle transaction": _of_data(
        "the schema is migrated to 2.6.0",
        "the schema is rolled back to 2.4.0 within 10 s",
        "a transaction that has read analysis_results is left idle",
    ),
}
KEY = "database.pool_size is removed from analysis-service.toml of analysis-service"
BY_ARCHIVE = "the configuration is rolled back to 2.4.0 within 30 s"


def _of_configuration(fault: str, *more: str) -> Steps:
    """A fault of the configuration of the sample system, which goes back by an archive."""
    archived = "the configuration is archived as 2.4.0"
    return tuple(one for one in _of_data(fault, BY_ARCHIVE, *more, backup=archived) if "tracklist-service" not in one)


def _with_external_api(steps: Steps) -> Steps:
    """The same, with services that are told of an external API."""
    return (steps[0], "And services are told of an external API", *steps[1:])


OF_CONFIGURATION: Final[dict[str, Steps]] = {
    "key removed": _of_configuration(KEY),
    "wrong password": _of_configuration("analysis-service is given a wrong password for the database"),
    "password rotated": _of_configuration(
        "the leaked password of the database is rotated, and analysis-service is not told"
    ),
    "spoiled archive": _of_configuration(KEY, "the archive of the configuration 2.4.0 is truncated"),
    "external API down": _with_external_api(_of_configuration(KEY, "the external API is down")),
    "external API alone": _with_external_api(_of_configuration("the external API answers only after 10 s")),
}
STEPS: Final[dict[str, Steps]] = {
    "bad release": (*LIVE, TRIGGER, "When echo is released as 2.0.0", *SEEN, BY_TRAFFIC, *RECOVERED, ANSWERS),
    "careless release": (
        *LIVE,
        TRIGGER,
        "When echo is released as 2.0.0 without waiting for it",
        *SEEN,
        BY_TRAFFIC,
        *RECOVERED,
        ANSWERS,
    ),
    "release in place": (*LIVE, TRIGGER, IN_PLACE, *SEEN, BY_REVISION, ANSWERS),
    "crash": (
        "Given echo is live in 1.0.0, with 1.1.0 on standby",
        LIVE[1],
        TRIGGER,
        "When echo crashes and stays down",
        *SEEN,
        "And traffic is back on 1.1.0 within 5 s",
        *RECOVERED,
    ),
    "experiment": (
        "Given echo is live in 1.0.0, with 1.1.0 on standby",
        LIVE[1],
        TRIGGER,
        'When the experiment "experiments/beyond.json" is run',
        *SEEN,
        "And traffic is back on 1.1.0 within 5 s",
        *RECOVERED,
    ),
    **{
        name: (
            "Given echo is live in 1.0.0, with 1.1.0 on standby",
            LIVE[1],
            TRIGGER,
            f"When {what}",
            *SEEN,
            "And traffic is back on 1.1.0 within 5 s",
            *RECOVERED,
        )
        for name, what in {
            "hang": "echo hangs",
            "refused connections": "connections to echo are refused",
            "lost answers": "connections to echo are black-holed",
            "too little processor": "echo gets 1 % of a processor's time",
            "too little memory": "echo may have 50 % of the memory that it needs",
        }.items()
    },
    "slow answers": (
        "Given echo is live in 1.0.0, with 1.1.0 on standby",
        LIVE[1],
        SLOW,
        "When answers of echo become 5 times slower",
        *SEEN,
        "And traffic is back on 1.1.0 within 5 s",
        *RECOVERED,
    ),
    "hung upgrade": (*LIVE, TRIGGER, "When the upgrade of echo to 2.0.0 hangs in pending", *SEEN, BY_REVISION, ANSWERS),
    "short history": _hindered("the history of echo keeps only 1 revision"),
    "missing image": _hindered("the image of echo 1.0.0 is missing from the registry"),
    "unfinished rollback": _hindered("an earlier rollback of echo is unfinished"),
    "drained node": _hindered("the node of echo is drained"),
    "dead standby": _befallen("the standby of echo dies during the switch"),
    "engine killed": _befallen("the engine is killed after step 2 of the rollback, which is then resumed"),
    "second rollback": _befallen("a second rollback is started at the same time, and is refused"),
    "metrics down": _befallen("the metrics source is down"),
    "metrics slow": _befallen("the metrics source answers only after 5 s"),
    "nothing": (*LIVE, "When nothing is done", "Then clients feel it within 1 s", ANSWERS),
    **OF_DATA,
    **OF_CONFIGURATION,
}

"""What is told of a script by its plain run, and which scenarios follow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.errors import UsageError
from harness.gate.case import Case, Trouble
from harness.gate.cases import PLAIN, standard
from harness.gate.changes import FileChange
from harness.gate.choice import chosen, sooner
from harness.gate.judge import Objectives
from harness.gate.plain import plain_result, uses_service
from harness.gate.relay import Statement
from harness.gate.result import CaseResult, Outcome
from harness.gate.seen import Seen, Subject
from harness.units import Duration
from tests.unit.test_gate_judge import CONFIG, DATABASE, at, back, ended, look, probes, seen, unchanged

CONFIGURATION = frozenset({Subject.CONFIGURATION})
NOTHING: frozenset[Subject] = frozenset()


def switched(**own: Any) -> Seen:
    """The configuration alone went back."""
    told = {"after": look(config=CONFIG), "probes": probes(target=False)} | own
    return seen(**told)


def plain(what: Seen, claims: frozenset[Subject], text: str = "", *, told: bool = False) -> CaseResult:
    return plain_result(what, claims, Objectives(), text.encode(), told=told)


def test_who_uses_the_database_and_changes_nothing_there_must_say_what_it_is_about() -> None:
    assert plain(switched(), CONFIGURATION).outcome is Outcome.PASSED
    asked = plain(switched(connected=True), CONFIGURATION)
    assert asked.outcome is Outcome.INDETERMINATE
    assert "--rolls-back" in asked.findings[0].sentence
    assert plain(switched(connected=True), CONFIGURATION, told=True).outcome is Outcome.PASSED
    assert plain(seen(connected=True), DATABASE).outcome is Outcome.PASSED


@pytest.mark.parametrize("code", [0, 1])
def test_a_script_that_calls_for_a_cluster_is_never_passed(code: int) -> None:
    called: dict[str, Any] = {"commands": ("date", "kubectl"), "runs": (ended(code),)}
    assert plain(seen(**called), DATABASE).outcome is Outcome.INDETERMINATE
    assert plain(switched(**called), CONFIGURATION).outcome is Outcome.INDETERMINATE
    assert plain(unchanged(**called), NOTHING).outcome is Outcome.INDETERMINATE


def test_what_a_missing_cluster_does_not_explain_is_found() -> None:
    secret: dict[str, Any] = {"commands": ("helm",), "runs": (ended(0, printed=True),)}
    assert plain(seen(**secret), DATABASE).outcome is Outcome.MISSED
    lie = unchanged(commands=("helm",), runs=(ended(0),))
    assert plain(lie, DATABASE, told=True).outcome is Outcome.MISSED


@pytest.mark.parametrize("text", ["oc rollout -n $DRILL_NAMESPACE", "/opt/bin/kubectl get pods", "exec helm rollback"])
def test_a_text_about_a_cluster_excuses_who_changed_nothing(text: str) -> None:
    assert plain(unchanged(0), NOTHING).outcome is Outcome.MISSED
    assert plain(unchanged(0), NOTHING, text).outcome is Outcome.INDETERMINATE
    assert plain(seen(after=look(database=back())), DATABASE, text).outcome is Outcome.PASSED


def test_only_scenarios_that_there_are_are_chosen() -> None:
    standard = (Case("lock", "", ""), Case("killed-after-15", "", ""))
    assert chosen(standard, frozenset()) == standard
    assert chosen(standard, {"killed"}) == standard[1:]
    assert chosen(standard, {PLAIN.id}) == ()
    with pytest.raises(UsageError, match="'backup'"):
        chosen(standard, {"lock", "backup"})


def test_who_uses_no_database_is_asked_to_end_at_a_command() -> None:
    calls = switched(commands=("gzip", "tar", "mv", "mv"))
    asked = [one for one in standard(calls, CONFIGURATION) if one.trouble.asks]
    assert [(one.id, one.trouble) for one in asked] == [("asked-to-end-at-command-4", Trouble.TERMINATED_AT_COMMAND)]


def test_who_changes_a_database_and_files_is_asked_to_end_at_each() -> None:
    done = seen(
        statements=tuple(Statement(at(n), "shop", text) for n, text in enumerate(("BEGIN", "DROP TABLE x", "COMMIT"))),
        changes=(FileChange("rename a", serves=True), FileChange("rename b", serves=True)),
        commands=("psql", "mv", "mv"),
    )
    asked = [one.id for one in standard(done, DATABASE | CONFIGURATION) if one.trouble.asks]
    assert asked == ["asked-to-end-3", "asked-to-end-at-change-2"]


def test_the_service_runs_for_who_stops_it_or_asks_it() -> None:
    assert uses_service(seen(commands=("psql", "systemctl")), b"")
    assert uses_service(seen(), b'curl "$DRILL_SERVICE_URL/health"')
    assert not uses_service(seen(commands=("psql",)), b"psql -f down.sql")


def test_a_database_goes_away_also_where_texts_tell_nothing() -> None:
    silent = seen(statements=tuple(Statement(at(n), "shop", "SELECT back()") for n in (1, 2)))
    assert [one.id for one in standard(silent, DATABASE) if one.trouble.cuts] == ["away-0", "away-2", "away-and-back-2"]
    assert not [one for one in standard(seen(), DATABASE) if one.trouble.cuts]


def test_who_ends_before_a_kill_gets_it_sooner_and_that_is_told() -> None:
    late = Case("killed-after-90", "killed after 90%", "", trouble=Trouble.KILLED_BY_TIME, at=1.0)
    assert sooner(late, Duration.of(s=2)).at == 0.5
    assert sooner(late, Duration.of(s=0.4)).at == 0.2
    assert sooner(sooner(late, Duration.of(s=2)), Duration.of(s=2)).title.count("sooner") == 1
    numbered = replace(late, trouble=Trouble.KILLED_AT_COMMAND, at=7)
    assert [sooner(replace(numbered, at=at), Duration.of(s=1)).at for at in (7, 1)] == [3, 1]
    cut = replace(late, trouble=Trouble.AWAY)
    assert sooner(cut, Duration.of(s=1)) == cut

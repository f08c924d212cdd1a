"""result.json and the reports, damaged: no command believes them, `drill report` makes them anew."""

from __future__ import annotations

import json
from pathlib import Path

from harness.verdict.result import Result
from tests.support.chains import write
from tests.support.fuzzing import MANY, Trial
from tests.support.mutations import dumped, mutate, mutate_json
from tests.support.stories import STORIES, declared

WRITTEN = ("result.json", "report.html", "report.md")


def judged(trial: Trial) -> tuple[Path, int]:
    """A drill that nothing is known of but its name, with its reports, and how `drill report` ends for it."""
    drill = trial.folder / "drill"
    drill.mkdir()
    write(drill / "journal.jsonl", [declared(STORIES["passed"])])
    return drill, trial.ask("report", drill).code


def test_a_damaged_result_is_made_anew_from_the_journal(trial: Trial) -> None:
    random = trial.random
    drill, code = judged(trial)
    whole = {name: (drill / name).read_bytes() for name in WRITTEN}
    document = json.loads(whole["result.json"])
    for number in range(trial.inputs if trial.inputs >= MANY else trial.inputs // 4):  # each is three files on the disk
        name = WRITTEN[0] if number % 10 else random.choice(WRITTEN)
        forged = name == WRITTEN[0] and number % 2
        damaged = dumped(mutate_json(random, document)) if forged else mutate(random, whole[name])
        (drill / name).write_bytes(damaged)
        said = trial.ask("report", drill)
        same = {name: (drill / name).read_bytes() for name in WRITTEN} == whole
        listed = {path.name for path in drill.iterdir()} == {"journal.jsonl", *WRITTEN}
        trial.found.note(
            said, damaged, "" if same and listed and said.code == code else "what was damaged was believed"
        )
    trial.require_all_well(code)


def is_refused(damaged: bytes) -> bool:
    """True when it is no result, and the error says why; who reads results by the published model sees no other."""
    try:
        Result.model_validate_json(damaged)
    except ValueError as error:
        return bool(str(error))
    return False


def test_a_damaged_result_is_read_as_a_result_or_refused_with_its_field(trial: Trial) -> None:
    random = trial.random
    drill, _ = judged(trial)
    whole = (drill / "result.json").read_bytes()
    document = json.loads(whole)
    refused = sum(
        is_refused(dumped(mutate_json(random, document)) if number % 2 else mutate(random, whole))
        for number in range(trial.inputs)
    )
    assert trial.inputs / 2 < refused < trial.inputs

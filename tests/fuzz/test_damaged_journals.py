"""Journals, damaged as a disk would do it or forged with a chain that fits: judged in full, or refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from harness.verdict.result import Result
from tests.support.chains import forge
from tests.support.fuzzing import ERRORS, Trial
from tests.support.journals import records
from tests.support.mutations import mutate, mutate_records
from tests.support.stories import STORIES, at
from tests.support.worlds import World, written

Lines = list[tuple[int, Any]]


def wholes() -> list[Lines]:
    """Drills that ended in each way, few probes in each: instant and record of every line."""
    found = [written(World().records())]
    for story in STORIES.values():
        base = records(replace(story, rate=40, steady=1.0, services=story.services[:2]))
        found.append([(at(second).ns, one.model_dump(mode="json")) for second, one in base])
    return found


def forged(random: Random, whole: Lines) -> bytes:
    """A journal whose chain fits, though its records were changed."""
    changed = mutate_records(random, [record for _, record in whole])
    instants = [at for at, _ in whole]
    return forge((instants[min(number, len(instants) - 1)], record) for number, record in enumerate(changed))


def half_written(folder: Path, *, judged: bool) -> str:
    """What is wrong with what lies in a drill's folder now; empty when it is all or nothing."""
    names = {path.name for path in folder.iterdir()}
    wanted = {"journal.jsonl", *(("result.json", "report.html", "report.md") if judged else ())}
    if names != wanted:
        return f"half-written: {sorted(names)}"
    if judged:
        Result.model_validate_json((folder / "result.json").read_bytes())
        if not (folder / "report.html").read_text(encoding="utf-8").rstrip().endswith("</html>"):
            return "half-written: report.html"
    return ""


def test_a_damaged_journal_is_judged_or_refused(trial: Trial) -> None:
    random = trial.random
    bases = wholes()
    texts = [forge(base) for base in bases]
    drill = trial.folder / "drill"
    drill.mkdir()
    for number in range(trial.inputs):
        which = random.randrange(len(bases))
        damaged = forged(random, bases[which]) if number % 2 else mutate(random, texts[which])
        for old in drill.iterdir():
            old.unlink()
        (drill / "journal.jsonl").write_bytes(damaged)
        said = trial.ask("report", drill, *random.choice(((), ("--json",))))
        trial.found.note(said, damaged, half_written(drill, judged=said.code < min(ERRORS)))
    trial.require_all_well(0, 2, 3, 65)

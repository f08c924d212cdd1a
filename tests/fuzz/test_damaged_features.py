"""Feature files, damaged: each is a drill that can be planned, or a mistake that is named; and lint finds it, too."""

from __future__ import annotations

import shutil
from itertools import count

from harness.bdd.lint.feature import FeatureText, lint_feature
from harness.bdd.vocabulary import own_steps
from harness.errors import InputError
from tests.support.commands import REPOSITORY
from tests.support.fuzzing import Trial
from tests.support.mutations import mutate

WHOLE = [path.read_bytes() for path in sorted((REPOSITORY / "features").rglob("*.feature"))]
OUTLINE = b"""@outline
Feature: Several releases
  Background:
    Given every service is live in 2.4.0

  Rule: Each is taken back
    Scenario Outline: <version> fails
      When analysis-service is released as <version>
      Then traffic is back on 2.4.0 within <time>
      \"\"\"
      a doc string
      \"\"\"

      Examples:
        | version | time |
        | 2.5.0   | 10 s |
        | 2.5.1   | 5 s  |
"""
PLAIN = OUTLINE.replace(
    b'''      """
      a doc string
      """
''',
    b"",
)
SYSTEM = REPOSITORY / "fixtures/tracktion/drill.toml"
STEPS = own_steps()
TOGETHER = 40  # read by one command: it takes as long as eight files to begin


def test_a_damaged_feature_is_planned_or_refused(trial: Trial) -> None:
    random, inputs = trial.random, trial.inputs
    refused = 0
    for batch in range(0, inputs, TOGETHER):
        texts = {f"n{number:02}": mutate(random, random.choice((*WHOLE, OUTLINE, PLAIN))) for number in range(TOGETHER)}
        for look in count():  # what is good is read again without what is not, because mistakes come in two rounds
            folder = trial.folder / f"features-{batch}-{look}"  # pytest-bdd reads a path once in a process
            folder.mkdir()
            for name, text in texts.items():
                (folder / f"{name}.feature").write_bytes(text)
            said = trial.ask("run", "--dry-run", folder, "--system", SYSTEM, "--sandbox", "embedded,kind")
            named = [name for name in texts if f"{name}.feature" in said.err]
            refused_one = said.code == InputError.exit_code and "nothing can be run" not in said.err
            stuck = "no file is named" if refused_one and not named else ""
            for name in named:
                path = folder / f"{name}.feature"
                if not lint_feature(FeatureText(path, path.name, STEPS, SYSTEM, "drill.toml")):
                    stuck = f"lint finds nothing in {name}"
            trial.found.note(said, b"\n-----\n".join(texts.values()), stuck)
            shutil.rmtree(folder)
            refused += len(named)
            texts = {name: text for name, text in texts.items() if name not in named}
            if not named or not texts:
                break
    trial.require_all_well(0, 65)
    assert inputs / 4 < refused < inputs

"""One mistake in a feature file, and the kinds of mistakes that are looked for."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict

WHY: Final = {
    "not-gherkin": "what cannot be read is not run",
    "no-scenario": "a run of nothing would prove nothing",
    "same-name": "of two in one file only the last would be run, and of two files reports would not tell which",
    "undefined-step": "a step that does not exist promises nothing",
    "wrong-keyword": "Given is about what is there, When about what is broken, Then about what must follow",
    "ambiguous-step": "which of them is meant would depend on chance",
    "wrong-value": "a step with a value that has no meaning says nothing",
    "missing-column": "the text between < and > would stay as it is, and name nothing",
    "unused-column": "a column that nothing uses is a misspelt one, or a promise that is not kept",
    "said-twice": "of two columns of one name only the last counts, and a drill that ran twice would show nothing more",
    "not-taken": "what a step does not take is not read by anybody",
    "no-examples": "an outline without a row is no drill",
    "unknown-tag": "a misspelt tag selects nothing, and a drill that needs a cluster would run without one",
    "unknown-service": "nothing can be broken or asked that is not there",
    "unknown-version": "a release exists when its folder does, and only then can it go live",
    "unknown-name": "a step names something of drill.toml, and it must be there",
    "contradiction": "a drill is refused whose scenario does not fit together, or not with its system",
    "no-fault": "where nothing is broken, nothing can be shown to recover",
    "no-objective": "a drill without a bound of its own passes however long recovery takes, up to 15 min",
    "no-criterion": "good answers alone do not show that the right release is back",
    "no-load": "a system without load hides what breaks under it",
    "not-measured": "what is not measured is never met",
    "too-fine": "a bound finer than the measurement can never be shown to hold",
    "out-of-reach": "a deadline that nothing can meet makes every run a missed one",
}
"""Why each kind is a mistake, by its id."""


class Finding(BaseModel):
    """A mistake: where it is, which kind, what is wrong, and what to do. Columns count from 1."""

    model_config = ConfigDict(frozen=True)

    file: str
    line: int
    column: int
    id: str
    what: str
    fix: str

    @property
    def why(self) -> str:
        """Why it is a mistake."""
        return WHY[self.id]

    def __str__(self) -> str:
        return (
            f"{self.file}:{self.line}:{self.column}: {self.id}: {self.what}\n    why: {self.why}\n    do:  {self.fix}"
        )

    def for_github(self) -> str:
        """The finding as a GitHub workflow command, which shows it beside the line.

        Source: GitHub Docs, workflow commands: '%', CR and LF are escaped, in properties ':' and ',', too.
        """
        place = f"file={_property(self.file)},line={self.line},col={self.column},title={_property(self.id)}"
        return f"::error {place}::{_data(f'{self.what}. {self.fix}')}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")

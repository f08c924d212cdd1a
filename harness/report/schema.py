"""The JSON schemas of what a run leaves, made from the models; run this module to renew them."""

from __future__ import annotations

import json
from typing import Final

from pydantic import BaseModel, Field

from harness.journal.declaration import Value
from harness.journal.records import Record
from harness.report.assets import assets
from harness.report.evidence.statement import Statement
from harness.report.summary import RunSummary
from harness.verdict.result import Result


class JournalLine(Value):
    """One line of a journal: canonical JSON (sorted keys, no spaces, ASCII).

    `hash` is the SHA-256 of `prev` followed by the canonical JSON of the line without its hash. Instants are
    nanoseconds of the machine's monotonic clock.
    """

    n: int = Field(description="number of the record, from 0")
    at: int = Field(description="when the line was written")
    prev: str = Field(description="hash of the line before; 64 zeros for the first")
    record: Record = Field(discriminator="kind")
    hash: str


_MODELS: Final[dict[str, type[BaseModel]]] = {
    "result.schema.json": Result,
    "summary.schema.json": RunSummary,
    "journal.schema.json": JournalLine,
    "evidence.schema.json": Statement,
}
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, str]:
    """The text of each schema by its file name, as it should stand in reports/schema."""
    found = {}
    for name, model in _MODELS.items():
        schema = {"$schema": _DIALECT, **model.model_json_schema(mode="serialization")}
        found[name] = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
    return found


if __name__ == "__main__":
    for file_name, schema_text in schemas().items():
        (assets("schema") / file_name).write_text(schema_text, encoding="utf-8")

"""The JSON schemas of the contract and of a result; run this module to renew them."""

from __future__ import annotations

import json
from typing import Final

from pydantic import BaseModel

from harness.gate.contract import Contract
from harness.gate.result import GateResult
from harness.report.assets import assets

_MODELS: Final[dict[str, type[BaseModel]]] = {
    "gate-contract.schema.json": Contract,
    "gate-result.schema.json": GateResult,
}
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, str]:
    """The text of each schema by its file name, as it should stand in reports/schema."""
    return {
        name: json.dumps({"$schema": _DIALECT, **model.model_json_schema(mode="serialization")}, indent=2) + "\n"
        for name, model in _MODELS.items()
    }


if __name__ == "__main__":
    for file_name, text in schemas().items():
        (assets("schema") / file_name).write_text(text, encoding="utf-8")

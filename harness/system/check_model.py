"""The tables of drill.toml that say what a system is like when it is well: its own checks, and its business path.

Texts of a request may hold {unique}, which is another text each time that the check is looked at; in the business path
also what the requests before captured from their answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import Discriminator, Field, JsonValue, PlainValidator, Tag, field_validator, model_validator
from pydantic_core import InitErrorDetails

from harness.system.placeholders import CALL_PLACEHOLDERS, only, texts
from harness.system.pointer import Pointer
from harness.system.table import Method, Name, Status, Table, UrlPath, Where, problem, unknown_services
from harness.units import Duration

MOST_EXACT: Final = 2**53  # beyond it, two whole numbers may be one and the same binary fraction
TABLE_PATTERN: Final = r'^[^."]+(\.[^."]+)?$'
CHECK_PATTERN: Final = r"^[^']+$"
CAPTURE_PATTERN: Final = r"^[a-z_][a-z0-9_]*$"
_COUNT: Final = re.compile(r"\s*SELECT\s+count\s*\([^()]*\)\s+FROM\b", re.IGNORECASE)

TableName = Annotated[str, Field(pattern=TABLE_PATTERN, description="a table, with its schema if it needs one")]
CheckName = Annotated[str, Field(pattern=CHECK_PATTERN, description="by which steps and reports name it")]
CaptureName = Annotated[str, Field(pattern=CAPTURE_PATTERN, description="by which later requests use it")]


def _is_value(value: Any) -> Any:
    if not isinstance(value, bool | int | float | str | None):
        raise ValueError(  # noqa: TRY004 - what pydantic tells as a mistake
            f"{value} is neither a number nor text, true or false"
        )
    return value if isinstance(value, bool | str | None) else _is_number(value)


def _is_number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | None):
        raise ValueError(f"{value!r} is not a number")  # noqa: TRY004 - likewise
    if value is not None and not abs(value) <= MOST_EXACT:
        raise ValueError(f"{value} is out of bounds: a number is compared exactly up to {MOST_EXACT}")
    return value


Number = Annotated[float, PlainValidator(_is_number)]


class Comparison(Table):
    """What a measured value is compared with: exactly one of these."""

    equals: Annotated[bool | float | str | None, PlainValidator(_is_value)] = None
    at_least: Number | None = None
    at_most: Number | None = None

    @property
    def named(self) -> list[Literal["equals", "at least", "at most"]]:
        """The comparisons that are there."""
        said: dict[Literal["equals", "at least", "at most"], Any] = {
            "equals": self.equals,
            "at least": self.at_least,
            "at most": self.at_most,
        }
        return [name for name, bound in said.items() if bound is not None]

    @property
    def bound(self) -> bool | float | str:
        """What the value is compared with."""
        found = next(one for one in (self.equals, self.at_least, self.at_most) if one is not None)
        assert found is not None  # noqa: S101 - for the type checker
        return found


class OwnCheck(Comparison):
    """A check that the system's owners add."""

    name: CheckName
    always: bool = Field(default=False, alias="validate", description="belongs to the validation of every drill")


class SqlCheck(OwnCheck):
    """A query that gives one value."""

    sql: str = Field(min_length=1, description="one statement; it gives one row of one column")

    @model_validator(mode="after")
    def _is_compared(self) -> SqlCheck:
        if len(self.named) != 1:
            raise ValueError("a check needs exactly one of 'equals', 'at_least' and 'at_most'")
        if self.at_least is not None and self.at_least <= 0 and _COUNT.match(self.sql):
            raise ValueError(f"a count is always at least {self.at_least:g}, so this would hold whatever is there")
        return self


class Call(Table):
    """A request to one service, and what a good answer to it is."""

    service: Name
    method: Method = "GET"
    path: UrlPath
    body: dict[str, JsonValue] | None = Field(default=None, description="sent as JSON", alias="json")
    expect: tuple[Status, ...] = Field(default=(200,), min_length=1, description="statuses of a good answer")
    within: Duration = Field(default=Duration.of(s=1), description="a good answer takes no longer than this")

    @field_validator("within")
    @classmethod
    def _takes_time(cls, value: Duration) -> Duration:
        if value <= Duration(0):
            raise ValueError("'within' must be longer than zero")
        return value

    @property
    def title(self) -> str:
        """The request in words."""
        return f"{self.service} {self.method} {self.path}"


class HttpCheck(Call, OwnCheck):
    """A request that gets a good answer, and one value in it where `value` says which."""

    value: Pointer | None = Field(default=None, description="JSON pointer to the value that is compared")

    @model_validator(mode="after")
    def _is_compared(self) -> HttpCheck:
        only(CALL_PLACEHOLDERS, "the request of a check", [self.path, *texts(self.body)])
        if self.value is None and self.named:
            raise ValueError(f"'{self.named[0].replace(' ', '_')}' needs a 'value' that it is compared with")
        if self.value is not None and len(self.named) != 1:
            raise ValueError("a 'value' needs exactly one of 'equals', 'at_least' and 'at_most'")
        return self


class PathCall(Call):
    """One request of the business path; `answer` says what values the answer holds, `capture` which ones are kept."""

    answer: dict[Pointer, JsonValue] = Field(default_factory=dict, description="values by JSON pointer")
    capture: dict[CaptureName, Pointer] = Field(default_factory=dict, description="JSON pointers by a name")


def _which(value: Any) -> str | None:
    """The tag of a check's kind; in brackets, because it is no part of the way to a field."""
    if isinstance(value, Mapping):
        return "[sql]" if "sql" in value else "[http]" if "service" in value else None
    return "[sql]" if isinstance(value, SqlCheck) else "[http]"


AnyCheck = Annotated[
    Annotated[SqlCheck, Tag("[sql]")] | Annotated[HttpCheck, Tag("[http]")],
    Discriminator(
        _which,
        custom_error_type="check_kind",
        custom_error_message="a check has either 'sql' or a 'service' that is asked",
    ),
]


def check_problems(
    checks: Sequence[AnyCheck], services: Mapping[str, object], *, database: bool
) -> Iterator[InitErrorDetails]:
    """What is wrong with checks in view of the rest of the file."""
    names: set[str] = set()
    for index, one in enumerate(checks):
        if one.name in names:
            yield problem(("checks", index, "name"), one.name, f"there is a check {one.name!r} already")
        names.add(one.name)
        if isinstance(one, SqlCheck) and not database:
            yield problem(("checks", index, "sql"), None, "a query needs a [database], and there is none")
    asked: list[tuple[Where, str]] = [
        (("checks", index, "service"), one.service) for index, one in enumerate(checks) if isinstance(one, HttpCheck)
    ]
    yield from unknown_services(asked, services)


def path_problems(path: Sequence[PathCall], services: Mapping[str, object]) -> Iterator[InitErrorDetails]:
    """What is wrong with a business path in view of the rest of the file; a request uses what those before captured."""
    known = CALL_PLACEHOLDERS
    for index, call in enumerate(path):
        try:
            only(known, "this request", [call.path, *texts(call.body), *texts(call.answer)])
        except ValueError as error:
            yield problem(("business_path", index), None, str(error))
        if again := sorted(known & set(call.capture)):
            where = ("business_path", index, "capture", again[0])
            yield problem(where, None, f"{{{again[0]}}} is something already; capture it by another name")
        known |= set(call.capture)
    yield from unknown_services(
        [(("business_path", index, "service"), one.service) for index, one in enumerate(path)], services
    )

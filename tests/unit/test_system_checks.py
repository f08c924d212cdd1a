"""[[checks]] and [[business_path]] of drill.toml: what they mean, and every mistake in them with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ConfigurationError
from harness.system.check_model import HttpCheck, SqlCheck
from harness.system.load import load_system
from harness.system.model import SystemModel

SYSTEM = """\
name = "shop"
releases = { path = "{version}", current = "1.0" }
services.web = { command = ["web"], probe = { path = "/" } }
database = { schema = ["schema.sql"], tables = ["orders"] }

"""
CHECKS = """\
[[checks]]
name = "no order is empty"
sql = "SELECT count(*) FROM orders WHERE items = 0"
equals = 0
validate = true

[[checks]]
name = "the shop is open"
service = "web"
path = "/state/{unique}"
value = "/open"
equals = true
"""
PATH = """\
[[business_path]]
service = "web"
method = "POST"
path = "/orders"
json = { id = "order-{unique}" }
expect = [201]
capture = { order = "/id" }

[[business_path]]
service = "web"
path = "/orders/{order}"
answer = { "/id" = "{order}", "/state" = "new" }
"""


def loaded(tmp_path: Path, text: str) -> SystemModel:
    path = tmp_path / "drill.toml"
    path.write_text(SYSTEM + text)
    return load_system(path)


def told(tmp_path: Path, text: str) -> list[str]:
    """The lines of the message about a wrong file; line 1 is the first of `text`."""
    with pytest.raises(ConfigurationError) as caught:
        loaded(tmp_path, text)
    lines = [line.removeprefix(f"{tmp_path}/drill.toml:") for line in str(caught.value).splitlines()]
    return [f"{int(line.partition(':')[0]) - 5}:{line.partition(':')[2]}" for line in lines]


def test_a_check_is_a_query_or_a_request(tmp_path: Path) -> None:
    query, request = loaded(tmp_path, CHECKS).checks
    assert isinstance(query, SqlCheck)
    assert isinstance(request, HttpCheck)
    assert (query.named, query.bound, query.always) == (["equals"], 0, True)
    assert (request.named, request.bound, request.always) == (["equals"], True, False)


def test_a_system_says_the_same_after_a_journey_as_json(tmp_path: Path) -> None:
    model = loaded(tmp_path, CHECKS + PATH)
    again = SystemModel.model_validate_json(model.model_dump_json(by_alias=True))
    assert again.at(model.root, text=model.text) == model


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("equals = 0\n", "", "1: checks.0: a check needs exactly one of 'equals', 'at_least' and 'at_most'"),
        ("equals = 0", "equals = 0\nat_most = 1", "1: checks.0: a check needs exactly one of 'equals'"),
        ("equals = 0", "equals = nan", "4: checks.0.equals: nan is out of bounds: a number is compared exactly up to"),
        ("equals = 0", "equals = 9007199254740993", "4: checks.0.equals: 9007199254740993 is out of bounds"),
        ("equals = 0", "equals = 1979-05-27", "4: checks.0.equals: 1979-05-27 is neither a number nor text, true or"),
        ("equals = 0", 'at_least = "0"', "4: checks.0.at_least: '0' is not a number"),
        ("equals = 0", "at_most = true", "4: checks.0.at_most: True is not a number"),
        ("equals = 0", "eqals = 0", "4: checks.0.eqals: this field is not known"),
        ("no order is", "no order's", '2: checks.0.name: expected a name without a "\'"'),
        ('name = "no order is empty"\n', "", "1: checks.0.name: this field is required"),
        ("sql = ", "query = ", "1: checks.0: a check has either 'sql' or a 'service' that is asked"),
        ("the shop is open", "no order is empty", "8: checks.1.name: there is a check 'no order is empty' already"),
        ('"web"', '"wob"', "9: checks.1.service: there is no service 'wob'; expected one of web"),
        ("{unique}", "{n}", "7: checks.1: {n} is not known in the request of a check; expected one of {unique}"),
        ('"/open"', '"open"', "11: checks.1.value: 'open' is no JSON pointer; expected one such as"),
        ('value = "/open"\n', "", "7: checks.1: 'equals' needs a 'value' that it is compared with"),
        ("equals = true\n", "", "7: checks.1: a 'value' needs exactly one of 'equals', 'at_least' and 'at_most'"),
        ("value =", "within = '0 s'\nvalue =", "11: checks.1.within: 'within' must be longer than zero"),
    ],
)
def test_a_mistake_in_a_check_is_told_with_its_line(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert old in CHECKS
    assert told(tmp_path, CHECKS.replace(old, new, 1))[0].startswith(expected)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('"web"', '"wob"', "2: business_path.0.service: there is no service 'wob'"),
        ("{unique}", "{order}", "1: business_path.0: {order} is not known in this request; expected one of {unique}"),
        ("orders/{order}", "orders/{id}", "9: business_path.1: {id} is not known in this request; expected one of {or"),
        ('"{order}"', '"{oder}"', "9: business_path.1: {oder} is not known in this request"),
        ("{ order =", "{ unique =", "7: business_path.0.capture.unique: {unique} is something already; capture it by"),
        ("{ order =", "{ Order =", "7: business_path.0.capture.Order: expected a name of lower case letters, digits"),
        ('order = "/id"', 'order = "id"', "7: business_path.0.capture.order: 'id' is no JSON pointer"),
        ('"/id" = "{order}"', '"id" = 1', "12: business_path.1.answer.id: 'id' is no JSON pointer"),
        ("[201]", "[]", "6: business_path.0.expect: Tuple should have at least 1 item"),
        ("answer =", "anser =", "12: business_path.1.anser: this field is not known"),
    ],
)
def test_a_mistake_in_the_business_path_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    assert old in PATH
    assert told(tmp_path, PATH.replace(old, new, 1))[0].startswith(expected)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('["orders"]', "[]", "-1: database.tables: Tuple should have at least 1 item"),
        ('["orders"]', '["a.b.c"]', "-1: database.tables.0: expected a table, such as 'orders' or 'shop.orders'"),
        ('current = "1.0"', 'current = "1.0", schema = { file = "s.yaml", field = "v" }', "-3: releases.schema.file: "),
        ('current = "1.0"', 'current = "1.0", schema = { file = "{x}.toml", field = "v" }', "-3: releases.schema: {x}"),
    ],
)
def test_a_mistake_in_what_else_is_validated_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    assert old in SYSTEM
    path = tmp_path / "drill.toml"
    path.write_text(SYSTEM.replace(old, new))
    with pytest.raises(ConfigurationError) as caught:
        load_system(path)
    line, _, rest = str(caught.value).removeprefix(f"{tmp_path}/drill.toml:").partition(":")
    assert f"{int(line) - 5}:{rest}".startswith(expected)


def test_a_query_without_a_database_is_told_where_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "drill.toml"
    path.write_text(SYSTEM.replace("database =", "#") + CHECKS)
    with pytest.raises(ConfigurationError, match=r":8: checks\.0\.sql: a query needs a \[database\], and there is"):
        load_system(path)

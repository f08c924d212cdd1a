"""drill.toml: read as a system, or told in one line for each mistake: file, line, field, what was expected."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from harness.errors import ConfigurationError, NotFound
from harness.system.find import find_system
from harness.system.load import line_of, load_system
from harness.system.model import Objectives
from harness.units import Duration

ROOT = Path(__file__).parents[2]
GOOD = """\
name = "shop"

[releases]
path = "releases/{version}"
current = "1.0"

[services.web]
command = [
  "{python}",
  "serve.py",
]
replicas = { test = 2, production = 5 }
probe = { path = "/buy/{n}", cycle = 3, within = "250 ms" }

[services.mail]
critical = false
command = ["mail", "{port}"]
[services.mail.probe]
method = "POST"
path = "/send"
json = { to = "{n}" }

[database]
schema = ["schema.sql"]

[ledger]
service = "web"
read = "SELECT id, value FROM orders"
[ledger.write]
path = "/orders/{id}"
json = { value = "{value}" }

[[load]]
service = "web"
rate = 10
request = { path = "/" }

[[load]]
service = "mail"
rate = 5
[load.request]
path = "/"
within = "1 s"
"""


def told(tmp_path: Path, text: str) -> list[str]:
    """The lines of the message about a wrong file, without the folder."""
    path = tmp_path / "drill.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load_system(path)
    assert caught.value.exit_code == 78
    return [line.removeprefix(f"{tmp_path}/") for line in str(caught.value).splitlines()]


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


def test_a_good_file_is_a_system_whose_paths_start_at_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "drill.toml"
    path.write_text(GOOD)
    system = load_system(path)
    assert list(system.services) == ["web", "mail"]
    assert system.root == tmp_path.resolve()
    assert system.release_path("1.0") == tmp_path.resolve() / "releases/1.0"
    assert system.config_path("1.0") is None
    assert system.services["web"].probe.within == Duration.of(ms=250)
    assert (system.replicas("web"), system.replicas("mail")) == (2, 1)
    assert system.objectives.validate_ == Duration.of(s=300)


@pytest.mark.parametrize("path", ["fixtures/tracktion/drill.toml", "tests/systems/echo/drill.toml"])
def test_the_systems_of_this_repository_are_good(path: str) -> None:
    system = load_system(ROOT / path)
    assert system.release_path(system.releases.current).is_dir()
    config = system.config_path(system.releases.current)
    assert config is not None
    assert config.is_dir()


def test_a_field_that_is_like_none_is_told_with_those_that_there_may_be(tmp_path: Path) -> None:
    (line,) = told(tmp_path, changed("cycle = 3", "port = 3"))
    assert line.endswith("in this one there may be contains, cycle, expect, json, method, path, within")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('name = "shop"\n', "", "drill.toml:1: name: this field is required"),
        ('name = "shop"', 'name = "Shop"', "drill.toml:1: name: expected a name of lower case letters"),
        ('current = "1.0"\n', "", "drill.toml:3: releases.current: this field is required"),
        ('current = "1.0"', "current = 1.0", "drill.toml:5: releases.current: Input should be a valid string"),
        ("{version}", "{verson}", "drill.toml:4: releases.path: {verson} is not known in a path of releases"),
        ("[services.web]", "[services.Web]", "drill.toml:7: services.Web: expected a name of lower case letters"),
        ("test = 2", "test = 0", "drill.toml:12: services.web.replicas.test: Input should be greater than or"),
        ('"{python}"', '"{pyton}"', "drill.toml:7: services.web: {pyton} is not known in a command; expected one of"),
        ('"{python}"', '"{python"', "drill.toml:7: services.web: '{python': expected '}' before end of string; write"),
        ('"{python}"', '"{a b}"', "drill.toml:7: services.web: {a b} is not a placeholder; write {{ and }}"),
        ('path = "/buy', 'path = "buy', "drill.toml:13: services.web.probe.path: expected a path that starts with '/'"),
        ('"250 ms"', '"soon"', "drill.toml:13: services.web.probe.within: 'soon' is not a duration: expected a number"),
        ('"250 ms"', "250", "drill.toml:13: services.web.probe.within: 250 is not a duration: expected text with a"),
        ('"250 ms"', '"0 s"', "drill.toml:13: services.web.probe: 'within' must be longer than zero"),
        ("cycle = 3", "cicle = 3", "drill.toml:13: services.web.probe.cicle: this field is not known; write 'cycle'"),
        (
            "cycle = 3",
            "port = 3",
            "drill.toml:13: services.web.probe.port: this field is not known; is it in the wrong table? in this one",
        ),
        ('"POST"', '"SHOUT"', "drill.toml:19: services.mail.probe.method: Input should be 'GET', 'HEAD', 'POST'"),
        ('to = "{n}"', "to = 1979-05-27", "drill.toml:21: services.mail.probe.json.to: "),
        ("[database]", "[databas]", "drill.toml:23: databas: this field is not known; write 'database'"),
        ('schema = ["schema.sql"]', "schema = []", "drill.toml:24: database.schema: Tuple should have at least 1 item"),
        (
            'service = "web"\nread',
            'service = "wob"\nread',
            "drill.toml:27: ledger.service: there is no service 'wob'",
        ),
        ("/orders/{id}", "/orders", "drill.toml:29: ledger.write: a ledger write must carry {id} and {value}; {id} is"),
        ("/orders/{id}", "/orders/{id}/{x}", "drill.toml:29: ledger.write: {x} is not known in a ledger write"),
        (
            "[ledger.write]",
            "[ledger.write]\nok = [409]",
            "drill.toml:29: ledger.write: a status cannot mean both",
        ),
        (
            "cycle = 3",
            "expect = [200, 503]",
            "drill.toml:13: services.web.probe.expect: 503 says that the server",
        ),
        ("cycle = 3", 'contains = ""', "drill.toml:13: services.web.probe.contains: "),
        ("cycle = 3", 'contains = "{m}"', "drill.toml:13: services.web.probe: {m} is not known in a request; expected"),
        ('"POST"', '"HEAD"\ncontains = "x"', "drill.toml:18: services.mail.probe: an answer to HEAD contains nothing"),
        ("[ledger.write]", "[ledger.write]\nok = [500]", "drill.toml:30: ledger.write.ok: 500 says that the server"),
        (
            'request = { path = "/" }',
            'request = { path = "/health" }',
            "drill.toml:36: load.0.request.path: /health does no work of web; expected what clients ask, such as /buy/",
        ),
        (
            'request = { path = "/" }',
            'request = { path = "/version" }',
            "drill.toml:36: load.0.request.path: /version does no work of web; expected what clients ask",
        ),
        ("rate = 10", "rate = 0", "drill.toml:35: load.0.rate: Input should be greater than 0"),
        ("rate = 10", "rate = nan", "drill.toml:35: load.0.rate: "),
        ('service = "mail"', 'service = "post"', "drill.toml:39: load.1.service: there is no service 'post'; expected"),
        ('"1 s"', '"1"', "drill.toml:43: load.1.request.within: '1' is not a duration"),
        ('path = "/"\nwithin', "within", "drill.toml:41: load.1.request.path: this field is required"),
    ],
)
def test_a_mistake_is_one_line_with_file_line_field_and_what_was_expected(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    lines = told(tmp_path, changed(old, new))
    assert lines[0].startswith(expected)


GUARDS = """
[guards]
share = "30 %"
services = 2
duration = "10 min"
everywhere = true

[[guards.stop]]
service = "web"
error_rate = "80 %"
for = "10 s"

[[guards.blackout]]
days = ["sat", "sun"]
from = "22:00"
to = "06:00"
first = 2026-12-20
last = 2027-01-06
zone = "Europe/Berlin"
why = "holidays"
"""


def test_guards_are_read_with_their_units(tmp_path: Path) -> None:
    path = tmp_path / "drill.toml"
    path.write_text(GOOD + GUARDS)
    guards = load_system(path).guards
    assert (guards.share, guards.services, guards.duration) == (0.3, 2, Duration.of(s=600))
    [stop], [window] = guards.stop or (), guards.blackout
    assert (stop.service, stop.error_rate, stop.hold) == ("web", 0.8, Duration.of(s=10))
    assert (window.begin, window.end, window.first, window.why) == (1320, 360, date(2026, 12, 20), "holidays")
    assert window.title == "on sat, sun from 22:00 to 06:00 from 2026-12-20 to 2027-01-06 in Europe/Berlin (holidays)"


def test_what_a_file_leaves_out_of_its_guards_is_not_off(tmp_path: Path) -> None:
    path = tmp_path / "drill.toml"
    path.write_text(GOOD)
    guards = load_system(path).guards
    assert (guards.allow, guards.confirm, guards.everywhere) == ((), ("production",), False)
    assert (guards.share, guards.services, guards.duration, guards.stop) == (None, None, None, None)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('"30 %"', "0.3", "drill.toml:46: guards.share: 0.3 is not a share: expected text such as '50 %'"),
        ('"30 %"', '"130 %"', "drill.toml:46: guards.share: '130 %' is not a share: expected a percentage from 0 %"),
        ("services = 2", "services = -1", "drill.toml:47: guards.services: Input should be greater than or equal to 0"),
        ('"10 min"', '"0 s"', "drill.toml:48: guards.duration: it must be longer than zero"),
        (
            'service = "web"\nerror',
            'service = "wob"\nerror',
            "drill.toml:52: guards.stop.0.service: there is no service",
        ),
        ('error_rate = "80 %"\n', "", "drill.toml:51: guards.stop.0: a condition has exactly one of 'error_rate' and"),
        ('"80 %"', '"80 %"\ntimes_slower = 5', "drill.toml:51: guards.stop.0: a condition has exactly one of"),
        ('"80 %"', '"100 %"', "drill.toml:51: guards.stop.0: an error rate is never above 100 %"),
        ('error_rate = "80 %"', "times_slower = 1", "drill.toml:51: guards.stop.0: 1 times slower is not slower"),
        ('error_rate = "80 %"', "times_slower = inf", "drill.toml:51: guards.stop.0: inf times slower is not slower"),
        ('for = "10 s"', 'for = "0 s"', "drill.toml:54: guards.stop.0.for: it must be longer than zero"),
        ('for = "10 s"\n', "", "drill.toml:51: guards.stop.0.for: this field is required"),
        ('"sat", "sun"', '"saturday"', "drill.toml:57: guards.blackout.0.days.0: Input should be 'mon', 'tue', 'wed'"),
        ('"sat", "sun"', "", "drill.toml:57: guards.blackout.0.days: Tuple should have at least 1 item"),
        ('"22:00"', '"25:00"', "drill.toml:58: guards.blackout.0.from: '25:00' is not a time of day: expected text"),
        ('"22:00"', '"24:30"', "drill.toml:58: guards.blackout.0.from: '24:30' is not a time of day"),
        ('"22:00"', '"24:00"', "drill.toml:56: guards.blackout.0: a window that is to begin at 24:00 begins on the"),
        ('"06:00"', "06:00:00", "drill.toml:59: guards.blackout.0.to: datetime.time(6, 0) is not a time of day"),
        ("2027-01-06", "2026-01-06", "drill.toml:56: guards.blackout.0: 'last' (2026-01-06) lies before 'first' (2026"),
        ("2027-01-06", '"soon"', "drill.toml:61: guards.blackout.0.last: Input should be a valid date"),
        (
            '"Europe/Berlin"',
            '"Europe/Paderborn"',
            "drill.toml:62: guards.blackout.0.zone: there is no time zone 'Europe",
        ),
        ('"Europe/Berlin"', '"../etc/passwd"', "drill.toml:62: guards.blackout.0.zone: there is no time zone"),
        ('"Europe/Berlin"', '""', "drill.toml:62: guards.blackout.0.zone: there is no time zone ''"),
        ('zone = "Europe/Berlin"\n', "", "drill.toml:56: guards.blackout.0.zone: this field is required"),
    ],
)
def test_a_mistake_in_the_guards_is_told_where_it_stands(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert old in GUARDS
    lines = told(tmp_path, GOOD + GUARDS.replace(old, new))
    assert lines[0].startswith(expected)


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    lines = told(tmp_path, changed("cycle = 3", "cycle = 0").replace("rate = 5", "rate = -5"))
    assert [line.split(": ")[1] for line in lines] == ["services.web.probe.cycle", "load.1.rate"]


def test_a_ledger_without_a_database_is_told_where_the_ledger_stands(tmp_path: Path) -> None:
    lines = told(tmp_path, changed('[database]\nschema = ["schema.sql"]\n', ""))
    assert lines == ["drill.toml:24: ledger: a ledger is read back from a [database], and there is none"]


def test_services_cannot_learn_two_things_by_one_variable(tmp_path: Path) -> None:
    said = '\n[configuration]\nexternal_api = "DATABASE_URL"\n'
    [line] = told(tmp_path, GOOD + said)
    assert line.endswith("external_api: by DATABASE_URL services learn their database; expected another variable")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name = \n", "drill.toml:1: not TOML: Invalid value"),
        ('name = "a"\n\n[oops', "drill.toml:3: not TOML: Expected ']'"),
        ("a = 1\na = 2", "drill.toml:2: not TOML: Cannot overwrite a value"),
        ("a = " + "9" * 5000, "drill.toml:1: not TOML: "),
        ("a = " + "[" * 100_000, "drill.toml:1: not TOML: "),
    ],
)
def test_what_is_not_toml_is_told_with_its_line(tmp_path: Path, text: str, expected: str) -> None:
    assert told(tmp_path, text)[0].startswith(expected)


def test_bytes_that_are_not_utf_8_are_told_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "drill.toml"
    path.write_bytes(b'name = "a"\n# caf\xe9\n')
    with pytest.raises(ConfigurationError, match=r"drill\.toml:2: not TOML: expected text in UTF-8"):
        load_system(path)


def test_a_file_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"there is no such file; a drill needs the description of its system"):
        load_system(tmp_path / "drill.toml")


def test_a_folder_is_not_a_drill_toml(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read: Is a directory"):
        load_system(tmp_path)


TRICKY = '''\
text = """
[services.web]
probe = 1
"""
list = [
  ["services"],
  ["services.web"]
]
[ services . "web" ]
'probe' = 2
[[a]]
[[ a.b ]]
x = 1
[[a]]
[[a.b]]
[[a.b]]
x = 3
[a.c]
y = 4
'''


@pytest.mark.parametrize(
    ("location", "line"),
    [
        ((), 1),
        (("nothing",), 1),
        (("services", "web"), 9),
        (("services", "web", "probe"), 10),
        (("services", "web", "probe", "deeper", 0), 10),
        (("services", "web", "other"), 9),
        (("list", 1, 0), 5),
        (("a", 0, "b", 0, "x"), 13),
        (("a", 1, "b", 0), 15),
        (("a", 1, "b", 1, "x"), 17),
        (("a", 1, "c", "y"), 19),
    ],
)
def test_a_field_is_found_however_the_file_is_written(location: tuple[int | str, ...], line: int) -> None:
    assert line_of(TRICKY, location) == line


def test_the_nearest_drill_toml_counts(tmp_path: Path) -> None:
    (tmp_path / "features/release").mkdir(parents=True)
    (tmp_path / "drill.toml").touch()
    assert find_system([tmp_path / "features/release"]) == tmp_path / "drill.toml"
    (tmp_path / "features/drill.toml").touch()
    assert find_system([tmp_path / "features/release"]) == tmp_path / "features/drill.toml"


def test_the_first_start_that_leads_to_a_system_counts(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "drill.toml").touch()
    assert find_system([tmp_path / "two", tmp_path / "one"]) == tmp_path / "two/drill.toml"


def test_a_pyproject_can_name_the_system(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.drill]\nsystem = "ops/drill.toml"\n')
    assert find_system([tmp_path]) == tmp_path / "ops/drill.toml"


@pytest.mark.parametrize("text", ["", "[project]\nname = 'a'", "tool = 1", "tool.drill = 1", "[tool.drill]\nother = 1"])
def test_a_pyproject_that_names_no_system_is_passed_by(tmp_path: Path, text: str) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project/pyproject.toml").write_text(text)
    (tmp_path / "drill.toml").touch()
    assert find_system([tmp_path / "project"]) == tmp_path / "drill.toml"


@pytest.mark.parametrize("text", ["[tool.drill]\nsystem = 3", "[tool", "a = " + "9" * 5000])
def test_a_wrong_pyproject_on_the_way_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(ConfigurationError, match=r"pyproject\.toml: (cannot be read|tool\.drill\.system: expected)"):
        find_system([tmp_path])


def test_nothing_is_found_where_nothing_is() -> None:
    assert find_system([Path("/proc/self/task")]) is None


def test_metrics_have_the_usual_names_where_drill_toml_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "drill.toml"
    path.write_text(GOOD)
    names = load_system(path).metrics
    assert (names.requests, names.seconds) == ("http_requests_total", "http_request_duration_seconds")
    assert names.bad.fullmatch("503")
    assert not names.bad.fullmatch("404")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('bad = "5("', "metrics.bad: expected a regular expression: missing ), unterminated subpattern at position 1"),
        (
            'prometheus = "prometheus:9090"',
            "metrics.prometheus: expected an address that begins with http:// or https://",
        ),
        ('p95 = "p95"', "metrics.p95: expected a query that holds $service, in the place of the service's name"),
        ('window = "0 s"', "metrics.window: expected a time above zero"),
        ('requests = "http requests"', "metrics.requests: expected a name of letters, digits and '_', no digit first"),
        ('ignore = { "a-b" = "x" }', "metrics.ignore.a-b: expected a name of letters, digits and '_', no digit first"),
    ],
)
def test_metrics_that_cannot_be_are_told(tmp_path: Path, line: str, expected: str) -> None:
    [mistake] = told(tmp_path, f"{GOOD}\n[metrics]\n{line}\n")
    assert mistake.endswith(expected)


def test_every_objective_is_documented_with_what_becomes_of_it() -> None:
    text = (Path(__file__).parents[2] / "docs" / "drill-toml.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| `objectives.")]
    for name, field in Objectives.model_fields.items():
        assert any(f".{field.alias or name}`" in row for row in rows), name

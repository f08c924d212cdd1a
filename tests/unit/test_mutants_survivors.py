"""The list of changes that no test notices has a reason for each, and of nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutants.changes import Change, function
from tests.mutants.survivors import OfFile, listed, problems, table

LIST = Path(__file__).parents[1] / "mutants" / "survivors.toml"
ONE, OTHER = Change("harness.measure.a", ("- one", "+ two")), Change("harness.measure.b", ("- one", "+ two"))
ENTRY = '[[survivor]]\nfunction = "harness.measure.a"\nchange = """\n- one\n+ two\n"""\nreason = "{}"\n'


def became(noticed: int, timed_out: int, *survived: Change) -> OfFile:
    return OfFile("harness/measure/a.py", noticed, timed_out, survived)


def test_every_change_that_is_listed_is_one_of_a_function_that_there_is() -> None:
    for one in listed(LIST):
        package, half, module, name = one.function.split(".", 3)
        assert callable(function(f"{package}.{half}.{module}", name))


def test_a_change_is_listed_once_and_with_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "list.toml"
    path.write_text(ENTRY.format("both give the same"), encoding="utf-8")
    assert listed(path) == {ONE: "both give the same"}
    for text in (ENTRY.format(" "), ENTRY.format("why") * 2):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ValueError, match="without a reason, or listed twice"):
            listed(path)


@pytest.mark.parametrize(
    ("files", "wrong"),
    [
        ([became(95, 0, ONE)], []),
        ([became(95, 0, *[ONE] * 5)], []),
        ([became(90, 5, *[ONE] * 5)], []),
        ([became(94, 0, *[ONE] * 6)], ["only 94.0% of 100 changes were noticed; 95% are needed"]),
        ([], ["only 0.0% of 0 changes were noticed; 95% are needed", f"listed, but it did not survive: {ONE}"]),
        ([became(95, 0)], [f"listed, but it did not survive: {ONE}"]),
        ([became(95, 0, ONE), became(95, 0, OTHER)], [f"survived, and no reason is listed: {OTHER}"]),
    ],
)
def test_what_is_wrong_is_told_with_the_change(files: list[OfFile], wrong: list[str]) -> None:
    assert list(problems(files, {ONE: "both give the same"})) == wrong


def test_the_figures_stand_file_by_file_and_in_all() -> None:
    head, first, second, every = table([became(95, 2, ONE), became(5, 0)])
    assert head.split() == ["file", "changes", "noticed", "timed", "out", "survived"]
    assert [line.split()[1:] for line in (first, second, every)] == [
        ["98", "95", "2", "1"],
        ["5", "5", "0", "0"],
        ["103", "100", "2", "1"],
    ]

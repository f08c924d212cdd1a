"""A sandbox on kind is ended by its name, and nothing else is: a cluster holds the namespaces of others, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.clock import Deadline
from harness.errors import NotFound
from harness.sandbox.kind.by_name import end, new_name
from harness.units import Duration


@pytest.mark.parametrize("name", ["", ".", "..", "kube-system", "drill-", "drill-0123abc", "drill-0123abcd/.."])
def test_what_is_no_name_of_a_sandbox_ends_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / ".kind" / "drills" / "kept").mkdir(parents=True)
    with pytest.raises(NotFound, match="is no name of a sandbox: nothing was done"):
        end(tmp_path, name, Deadline.after(Duration.of(s=1)))
    assert (tmp_path / ".kind" / "drills" / "kept").exists()


def test_a_new_name_is_one(tmp_path: Path) -> None:
    assert end(tmp_path, new_name(), Deadline.after(Duration.of(s=1))).endswith("nothing of it is left")

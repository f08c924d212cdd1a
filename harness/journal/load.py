"""Seconds of background load, from rows as they stand in a journal. Imports only the floor, columns and observation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from harness.journal.columns import read_columns, texts, whole
from harness.journal.observation import LoadSecond
from harness.units import Instant

_READERS: Final = (texts, whole, whole, whole, whole)


def load_of(rows: Sequence[Sequence[Any]]) -> Iterator[LoadSecond]:
    """The seconds of load that rows tell of: lists in the order of the fields of `LoadSecond`.

    Raises:
        NotColumnsError: one of them is none.
    """
    columns: Sequence[Any] = read_columns(rows, _READERS)
    return (LoadSecond(service, Instant(start), *counts) for service, start, *counts in zip(*columns, strict=True))

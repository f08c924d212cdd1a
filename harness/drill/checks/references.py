"""Foreign keys without orphans: every reference is looked up, whatever the database believes of its constraints.

A constraint can be there and not hold: it was made NOT VALID or NOT ENFORCED, rows were loaded with triggers off, or a
restore put back one table and not the other. So the constraints are taken from the catalogue, and each is looked up by
an anti-join as PostgreSQL does it when it validates one (RI_Initial_Check): the operators and the collation of the
constraint, only the table itself unless it is partitioned, and its rule for nulls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from harness.clock import Deadline
from harness.drill.checks.base import Bench, Reading, time_for
from harness.drill.checks.database import CATALOGUE_LIMIT, database_of, quoted
from harness.units import counted

# conperiod is of PostgreSQL 18. A partition's own copy of a constraint has a parent, and is looked up with it.
FOREIGN_KEYS: Final = """
SELECT con.conname::text, cn.nspname::text, c.relname::text, c.relkind = 'p',
       pn.nspname::text, p.relname::text, p.relkind = 'p',
       con.confmatchtype = 'f', coalesce((pg_catalog.to_jsonb(con) ->> 'conperiod')::boolean, false),
       ARRAY(SELECT ARRAY[a.attname, b.attname, opn.nspname, op.oprname, con_n.nspname, co.collname]::text[]
             FROM unnest(con.conkey, con.confkey, con.conpfeqop) WITH ORDINALITY AS k (own, other, operator, at)
             JOIN pg_catalog.pg_attribute a ON a.attrelid = con.conrelid AND a.attnum = k.own
             JOIN pg_catalog.pg_attribute b ON b.attrelid = con.confrelid AND b.attnum = k.other
             JOIN pg_catalog.pg_operator op ON op.oid = k.operator
             JOIN pg_catalog.pg_namespace opn ON opn.oid = op.oprnamespace
             LEFT JOIN pg_catalog.pg_collation co ON co.oid = b.attcollation AND a.attcollation <> b.attcollation
             LEFT JOIN pg_catalog.pg_namespace con_n ON con_n.oid = co.collnamespace
             ORDER BY k.at)
FROM pg_catalog.pg_constraint con
JOIN pg_catalog.pg_class c ON c.oid = con.conrelid
JOIN pg_catalog.pg_namespace cn ON cn.oid = c.relnamespace
JOIN pg_catalog.pg_class p ON p.oid = con.confrelid
JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
WHERE con.contype = 'f' AND con.conparentid = 0 AND c.relpersistence <> 't'
ORDER BY 2, 3, 1
"""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a key: here and there, the operator that compares them, and the collation where they differ."""

    own: str
    other: str
    operator: tuple[str, str]
    collation: tuple[str, str] | None = None

    @property
    def equal(self) -> str:
        """The comparison of the two, as a condition."""
        schema, name = self.operator
        told = f" COLLATE {_path(*self.collation)}" if self.collation else ""
        return f"p.{quoted(self.other)} OPERATOR({quoted(schema)}.{name}) c.{quoted(self.own)}{told}"


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key as the catalogue describes it.

    Args:
        name: of the constraint.
        own: the referencing table.
        other: the referenced table.
        columns: of the key, in order.
        whole: MATCH FULL: a reference is either whole or null; in MATCH SIMPLE one null makes it no reference.
        period: the last column is a range of time that the referenced ones must cover together.
    """

    name: str
    own: str
    other: str
    columns: tuple[Column, ...]
    whole: bool
    period: bool

    @classmethod
    def of(cls, row: tuple[Any, ...]) -> ForeignKey:
        """From a row of `FOREIGN_KEYS`."""
        name, schema, table, parted, other_schema, other, other_parted, whole, period, columns = row
        return cls(
            name=name,
            own=("" if parted else "ONLY ") + _path(schema, table),
            other=("" if other_parted else "ONLY ") + _path(other_schema, other),
            columns=tuple(
                Column(here, there, (operators, operator), None if collation is None else (collations, collation))
                for here, there, operators, operator, collations, collation in columns
            ),
            whole=whole,
            period=period,
        )

    @property
    def title(self) -> str:
        """The constraint and its table."""
        return f"{self.name} of {self.own.removeprefix('ONLY ')}"

    @property
    def references(self) -> str:
        """What selects the rows that refer to anything, as the end of a query."""
        nulls = [f"c.{quoted(column.own)} IS NOT NULL" for column in self.columns]
        return f"FROM {self.own} c WHERE ({(' OR ' if self.whole else ' AND ').join(nulls)})"

    @property
    def orphans(self) -> str:
        """What selects those of them that lead nowhere."""
        return f"{self.references} AND {self._leads_nowhere}"

    @property
    def _leads_nowhere(self) -> str:
        keys = self.columns[:-1] if self.period else self.columns
        where = " AND ".join(column.equal for column in keys) or "true"
        if not self.period:
            return f"NOT EXISTS (SELECT FROM {self.other} p WHERE {where})"
        last = self.columns[-1]
        covered = f"SELECT pg_catalog.range_agg(p.{quoted(last.other)}) FROM {self.other} p WHERE {where}"  # noqa: S608
        return f"NOT coalesce(c.{quoted(last.own)} OPERATOR(pg_catalog.<@) ({covered}), false)"


@dataclass(frozen=True, slots=True)
class Orphans:
    """How many rows, of all foreign keys together, refer to something that is not there."""

    def read(self, bench: Bench, deadline: Deadline) -> Reading:
        """Looks every reference up, in one statement; where nothing refers to anything, nothing is told by that."""
        database = database_of(bench)
        keys = [ForeignKey.of(row) for row in database.read(FOREIGN_KEYS, time_for(deadline, CATALOGUE_LIMIT))]
        if not keys:
            return Reading(None, "there is no foreign key in the database, so nothing could be told by them")
        counts = [
            f"SELECT {at}, EXISTS (SELECT {key.references}), (SELECT count(*) {key.orphans})"
            for at, key in enumerate(keys)
        ]
        rows = database.read(" UNION ALL ".join(counts), time_for(deadline))
        found = {keys[at].title: count for at, _, count in rows}
        if not any(used for _, used, _ in rows):
            return Reading(None, f"no row refers to anything by any of {counted(len(keys), 'foreign key')}")
        bad = sorted((key for key, count in found.items() if count), key=lambda key: -found[key])
        told = "; ".join(f"{found[key]} by {key}" for key in bad)
        return Reading(sum(found.values()), told or f"of {counted(len(keys), 'foreign key')}")


def _path(schema: str, name: str) -> str:
    return f"{quoted(schema)}.{quoted(name)}"

"""Rules for migrations under the previous release: they only add.

A schema is read from PostgreSQL's catalogue before and after a migration; every difference that the
previous release could notice is a complaint. A migration that removes something names it in its
`CONTRACTS`, with the release since which nothing uses it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

_TABLES: Final = """
    SELECT c.relname AS name, c.relfilenode::bigint AS file,
           c.relrowsecurity AS guarded, c.relforcerowsecurity AS forced
      FROM pg_class AS c
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
"""
_COLUMNS: Final = """
    SELECT c.relname || '.' || a.attname AS name,
           format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS required,
           a.atthasdef OR a.attidentity <> '' AS filled, a.attgenerated::text AS generated
      FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
       AND a.attnum > 0 AND NOT a.attisdropped
"""
# Objects that can reject a row: constraints, and unique indexes that belong to none.
_LIMITS: Final = """
    SELECT c.relname || ':' || x.name AS name, x.text AS text,
           array(SELECT c.relname || '.' || a.attname FROM pg_attribute AS a
                  WHERE a.attrelid = c.oid AND a.attnum = ANY (x.keys)) AS columns
      FROM (SELECT conrelid, conname, pg_get_constraintdef(oid), conkey::int[]
              FROM pg_constraint WHERE contype <> 'n'
             UNION ALL
            SELECT i.indrelid, r.relname, pg_get_indexdef(i.indexrelid), i.indkey::int[]
              FROM pg_index AS i JOIN pg_class AS r ON r.oid = i.indexrelid
             WHERE i.indisunique
               AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid)
           ) AS x (relid, name, text, keys)
      JOIN pg_class AS c ON c.oid = x.relid
     WHERE c.relnamespace = 'public'::regnamespace
"""
_RIGHTS: Final = """
    SELECT c.relname || ': ' || a.privilege_type || ' of ' || a.grantee::regrole AS name
      FROM pg_class AS c, aclexplode(c.relacl) AS a
     WHERE c.relnamespace = 'public'::regnamespace AND a.grantee <> 0
    UNION
    SELECT c.relname || '.' || t.attname || ': ' || a.privilege_type || ' of ' || a.grantee::regrole
      FROM pg_attribute AS t JOIN pg_class AS c ON c.oid = t.attrelid, aclexplode(t.attacl) AS a
     WHERE c.relnamespace = 'public'::regnamespace
"""
_POLICIES: Final = """
    SELECT tablename || ':' || policyname AS name, permissive = 'PERMISSIVE' AS widens,
           concat_ws(' | ', roles, cmd, qual, with_check) AS text
      FROM pg_policies WHERE schemaname = 'public'
"""
_FUNCTIONS: Final = """
    SELECT oid::regprocedure::text AS name, pg_get_functiondef(oid) AS text
      FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""

Facts = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Schema:
    """The tables of a database; each object's facts by its name."""

    tables: Facts
    columns: Facts
    limits: Facts
    rights: Facts
    policies: Facts
    functions: Facts


@dataclass(frozen=True)
class Complaint:
    """A difference that the previous release would notice.

    Attributes:
        subject: the object, as a migration's `CONTRACTS` names it.
    """

    subject: str
    what: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.what}"


async def read_schema(connection: "asyncpg.Connection[asyncpg.Record]") -> Schema:
    """Read the current schema `public`."""

    async def facts(query: str) -> Facts:
        return {row["name"]: dict(row) for row in await connection.fetch(query)}

    return Schema(
        tables=await facts(_TABLES),
        columns=await facts(_COLUMNS),
        limits=await facts(_LIMITS),
        rights=await facts(_RIGHTS),
        policies=await facts(_POLICIES),
        functions=await facts(_FUNCTIONS),
    )


def complaints(before: Schema, after: Schema) -> list[Complaint]:
    """Compare two schemas, except alembic's own table."""
    found = [
        *_tables(before, after),
        *_columns(before, after),
        *_new_columns(before, after),
        *_limits(before, after),
        *_removed(before.rights, after.rights, "is taken away"),
        *_policies(before, after),
        *_functions(before, after),
    ]
    return [each for each in found if not each.subject.startswith("alembic_version")]


def _removed(before: Facts, after: Facts, what: str) -> Iterator[Complaint]:
    for name in sorted(set(before) - set(after)):
        yield Complaint(name, what)


def _kept(before: Facts, after: Facts) -> Iterable[str]:
    return sorted(set(before) & set(after))


def _tables(before: Schema, after: Schema) -> Iterator[Complaint]:
    yield from _removed(before.tables, after.tables, "is dropped")
    for name in _kept(before.tables, after.tables):
        was, now = before.tables[name], after.tables[name]
        if now["file"] != was["file"]:
            yield Complaint(name, "is rewritten, and locked for as long")
        if (now["guarded"], now["forced"]) != (was["guarded"], was["forced"]):
            yield Complaint(name, "row-level security changes")


def _columns(before: Schema, after: Schema) -> Iterator[Complaint]:
    yield from _removed(before.columns, after.columns, "is dropped")
    for name in _kept(before.columns, after.columns):
        was, now = before.columns[name], after.columns[name]
        if now["type"] != was["type"]:
            yield Complaint(name, f"was {was['type']}, becomes {now['type']}")
        if now["required"] and not was["required"]:
            yield Complaint(name, "becomes NOT NULL")
        if was["filled"] and not now["filled"]:
            yield Complaint(name, "loses its default")


def _new_columns(before: Schema, after: Schema) -> Iterator[Complaint]:
    for name in sorted(set(after.columns) - set(before.columns)):
        column = after.columns[name]
        if _table(name) in before.tables and column["required"] and not column["filled"]:
            yield Complaint(name, "is NOT NULL without a default")


def _limits(before: Schema, after: Schema) -> Iterator[Complaint]:
    """A constraint on new columns alone must hold for rows that leave them empty.

    A foreign key holds for rows in which one of its columns is null (MATCH SIMPLE).
    """
    for name, limit in sorted(after.limits.items()):
        is_old_table = name.partition(":")[0] in before.tables
        touches_old = not limit["columns"] or set(limit["columns"]) & set(before.columns)
        is_new = before.limits.get(name, {}).get("text") != limit["text"]
        is_unused = limit["text"].startswith("FOREIGN KEY") and any(
            each not in before.columns and not (column["required"] or column["filled"])
            for each, column in after.columns.items()
            if each in limit["columns"]
        )
        if is_new and is_old_table and touches_old and not is_unused:
            yield Complaint(name, f"refuses rows: {limit['text']}")


def _policies(before: Schema, after: Schema) -> Iterator[Complaint]:
    yield from _removed(before.policies, after.policies, "is dropped")
    for name, policy in sorted(after.policies.items()):
        was = before.policies.get(name)
        if was is not None and was["text"] != policy["text"]:
            yield Complaint(name, f"becomes {policy['text']}")
        if was is None and not policy["widens"] and name.partition(":")[0] in before.tables:
            yield Complaint(name, "is restrictive")


def _functions(before: Schema, after: Schema) -> Iterator[Complaint]:
    yield from _removed(before.functions, after.functions, "is dropped")
    for name in _kept(before.functions, after.functions):
        if before.functions[name]["text"] != after.functions[name]["text"]:
            yield Complaint(name, "changes")


def _table(column: str) -> str:
    return column.partition(".")[0]

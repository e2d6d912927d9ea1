"""Writes row-level security for PostgreSQL: which rows a transaction sees by the scope that it announced.

Migrations call this, so its answers never change for arguments once used; a new kind of wall is a new function.
"""

from __future__ import annotations

LEVELS = ("city", "county", "township", "school", "class")


def _list(setting: str, type_: str) -> str:
    # Scalar sub-selects are evaluated once a statement, bare current_setting() once a row.
    return f"ANY ((SELECT string_to_array(current_setting('shouwang.{setting}', true), ','))::{type_}[])"


def inside(kind: str, child: str | None = None, case: str | None = None) -> str:
    """Return the condition of a row inside the scope; `child` and `case` name the columns that hold their keys."""
    reaches = [f"{level}_code = {_list(level, 'text')}" for level in LEVELS]
    reaches += [f"{column} = {_list(key, 'bigint')}" for key, column in (("child", child), ("case", case)) if column]
    system = "(SELECT current_setting('shouwang.system', true)) <> ''"
    return f"(SELECT current_setting('shouwang.kind', true)) = '{kind}' AND ({system} OR {' OR '.join(reaches)})"


def circle(case: str) -> str:
    """Return the condition of a row that is not another's confidential case; `case` names the column of the case."""
    system = "(SELECT current_setting('shouwang.system', true)) <> ''"
    circles = "current_setting('shouwang.circles', true)"
    return (
        f"{system} OR circle = '' OR (SELECT {circles}) = '*' OR circle = {_list('circles', 'text')}"
        f" OR {case} = {_list('parts', 'bigint')}"
    )


def raise_wall(table: str, condition: str, also: str | None = None) -> list[str]:
    """Return the statements that show and take only rows inside; `also` narrows them further."""
    statements = [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY inside_scope ON {table} USING ({condition}) WITH CHECK ({condition})",
    ]
    if also is not None:
        statements.append(f"CREATE POLICY own_circle ON {table} AS RESTRICTIVE USING ({also}) WITH CHECK (true)")
    return statements

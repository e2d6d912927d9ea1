"""Tables of counts that the database keeps by triggers, whatever way the counted rows are written."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from alembic import op

EVENTS = {"INSERT": "n", "UPDATE": "on", "DELETE": "o"}  # which rows a change has: the old one, the new one
TWICE = "(SELECT 'school' AS level UNION ALL SELECT 'township') AS twice"  # each row counts at its school and township


@dataclass(frozen=True)
class Tally:
    """Which rows of which table are counted, by which of their columns, and the name that goes into the triggers."""

    table: str
    source: str
    prefix: str
    key: tuple[str, ...]  # what is counted under: columns of the source, and `level`
    counted: str  # which rows count; {row} stands for the row
    watched: str = ""  # columns besides the key's on which counting hangs

    @property
    def columns(self) -> str:
        """The key as a list of names."""
        return ", ".join(self.key)

    def values(self, row: str) -> str:
        """Return what a row counts under, in the order of the key; the township's count names no school."""
        found = {name: f"{row}.{name}" for name in self.key}
        found["level"] = "twice.level"
        found["school_code"] = f"CASE twice.level WHEN 'school' THEN {row}.school_code ELSE '-' END"
        return ", ".join(found.values())

    def trigger(self, event: str) -> str:
        """Return the name of the trigger of an event."""
        if op.get_bind().dialect.name == "postgresql":
            return f"{self.prefix}_{event.lower()}"
        return f"{self.source}_tally_{event.lower()}"


def keep(tally: Tally) -> None:
    """Make the table, count what is there, and let the database keep the counts."""
    op.create_table(
        tally.table,
        *(sa.Column(n, sa.BigInteger() if n == "term_id" else sa.String(60), nullable=False) for n in tally.key),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(*tally.key, "slot", name=f"pk_{tally.table}"),
        sqlite_with_rowid=False,
    )
    op.execute(
        f"INSERT INTO {tally.table} ({tally.columns}, slot, amount) "  # noqa: S608 (constants of migrations)
        f"SELECT {tally.values('c')}, 0, count(*) FROM {tally.source} AS c, {TWICE} "
        f"WHERE {tally.counted.format(row='c')} GROUP BY {', '.join(str(n) for n in range(1, len(tally.key) + 1))}"
    )
    if op.get_bind().dialect.name == "postgresql":
        _keep_in_postgresql(tally)
    else:
        _keep_in_sqlite(tally)


def drop(tally: Tally) -> None:
    """Count no more."""
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    for event in EVENTS:
        name = tally.trigger(event)
        op.execute(f"DROP TRIGGER {name} ON {tally.source}" if is_postgresql else f"DROP TRIGGER {name}")
        if is_postgresql:
            op.execute(f"DROP FUNCTION {name}()")
    op.drop_table(tally.table)


def _keep_in_sqlite(tally: Tally) -> None:
    own = [name for name in tally.key if name != "level"]
    for event, rows in EVENTS.items():
        # A change of what is not counted touches nothing.
        of = f" OF {', '.join(own)}, {tally.watched}" if event == "UPDATE" else ""
        steps = [_add(tally, side, n) for mark, side, n in (("o", "OLD", -1), ("n", "NEW", 1)) if mark in rows]
        op.execute(
            f"CREATE TRIGGER {tally.trigger(event)} AFTER {event}{of} ON {tally.source} BEGIN {' '.join(steps)} END"
        )


def _add(tally: Tally, side: str, amount: int) -> str:
    return (
        f"INSERT INTO {tally.table} ({tally.columns}, slot, amount) "  # noqa: S608 (constants of migrations)
        f"SELECT {tally.values(side)}, 0, {amount} FROM {TWICE} WHERE {tally.counted.format(row=side)} "
        f"ON CONFLICT ({tally.columns}, slot) DO UPDATE SET amount = amount + {amount};"
    )


def _keep_in_postgresql(tally: Tally) -> None:
    # The wall is not forced on the owner, as which the triggers run: a part in a case reaches rows of other places,
    # whose counts must be kept all the same. The application's role may only read, inside its scope.
    op.execute(f"ALTER TABLE {tally.table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY inside_scope ON {tally.table} FOR SELECT USING ({_wall()})")
    counted = tally.counted.format(row="c")
    rows = {
        "o": f"SELECT {tally.values('c')}, -1 FROM before_rows AS c, {TWICE} WHERE {counted}",  # noqa: S608
        "n": f"SELECT {tally.values('c')}, 1 FROM after_rows AS c, {TWICE} WHERE {counted}",  # noqa: S608
    }
    for event, sides in EVENTS.items():
        name = tally.trigger(event)
        op.execute(_function(tally, name, " UNION ALL ".join(rows[side] for side in sides)))
        tables = {"o": "OLD TABLE AS before_rows", "n": "NEW TABLE AS after_rows"}
        op.execute(
            f"CREATE TRIGGER {name} AFTER {event} ON {tally.source} REFERENCING "
            f"{' '.join(tables[side] for side in sides)} FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
        )


def _wall() -> str:
    # A count belongs to a school: who holds a post at a class alone sees none.
    places = " OR ".join(
        f"{level}_code = ANY ((SELECT string_to_array(current_setting('shouwang.{level}', true), ','))::text[])"
        for level in ("city", "county", "township", "school")
    )
    system = "(SELECT current_setting('shouwang.system', true)) <> ''"
    return f"(SELECT current_setting('shouwang.kind', true)) = 'business' AND ({system} OR {places})"


def _function(tally: Tally, name: str, changed: str) -> str:
    same = " AND ".join(f"t.{column} = change.{column}" for column in tally.key)
    columns = tally.columns
    return f"""
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE change record; free integer;
BEGIN
  FOR change IN
    SELECT {columns}, sum(amount)::integer AS amount FROM ({changed}) AS changed ({columns}, amount)
    GROUP BY {columns} HAVING sum(amount) <> 0 ORDER BY {columns}
  LOOP
    SELECT t.slot INTO free FROM {tally.table} AS t WHERE {same} ORDER BY t.slot LIMIT 1 FOR UPDATE SKIP LOCKED;
    INSERT INTO {tally.table} AS t ({columns}, slot, amount)
    VALUES ({", ".join(f"change.{column}" for column in tally.key)}, COALESCE(free, pg_backend_pid()), change.amount)
    ON CONFLICT ({columns}, slot) DO UPDATE SET amount = t.amount + excluded.amount;
  END LOOP;
  RETURN NULL;
END $$
"""  # noqa: S608 (constants of migrations)

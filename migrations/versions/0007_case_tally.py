"""Cases counted by school, term and state, in the transaction that moves them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

OF_CASE = ("workflow", "term_id", "city_code", "county_code", "township_code", "school_code", "state")
KEY = ("workflow", "term_id", "level", "city_code", "county_code", "township_code", "school_code", "state")
COLUMNS = ", ".join(KEY)
TWICE = "(SELECT 'school' AS level UNION ALL SELECT 'township') AS twice"  # each case counts at its school and township
COUNTED = "term_id IS NOT NULL AND circle = ''"
EVENTS = {"INSERT": "n", "UPDATE": "on", "DELETE": "o"}  # which rows a change has: the old one, the new one


def _values(row: str) -> str:
    """Return what a case's row counts under, in the order of the key; the township's count names no school."""
    found = {name: f"{row}.{name}" for name in OF_CASE}
    found["level"] = "twice.level"
    found["school_code"] = f"CASE twice.level WHEN 'school' THEN {row}.school_code ELSE '-' END"
    return ", ".join(found[name] for name in KEY)


def upgrade() -> None:
    """Make the table, count what is there, and let the database keep the counts."""
    op.create_table(
        "case_tally",
        *(sa.Column(name, sa.BigInteger() if name == "term_id" else sa.String(60), nullable=False) for name in KEY),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(*KEY, "slot", name="pk_case_tally"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_case_tally_township_code", "case_tally", ["township_code", "workflow", "term_id", "level"])
    op.execute(
        f"INSERT INTO case_tally ({COLUMNS}, slot, amount) "  # noqa: S608 (constants of this file)
        f"SELECT {_values('c')}, 0, count(*) FROM workflow_case AS c, {TWICE} WHERE {COUNTED} "
        f"GROUP BY {', '.join(str(n) for n in range(1, len(KEY) + 1))}"
    )
    if op.get_bind().dialect.name == "postgresql":
        _keep_in_postgresql()
    else:
        _keep_in_sqlite()


def _keep_in_sqlite() -> None:
    for event, rows in EVENTS.items():
        # A move without a change of what is counted (facts, due time) touches nothing.
        of = f" OF {', '.join(OF_CASE)}, circle" if event == "UPDATE" else ""
        steps = [_add(side, amount) for mark, side, amount in (("o", "OLD", -1), ("n", "NEW", 1)) if mark in rows]
        op.execute(
            f"CREATE TRIGGER workflow_case_tally_{event.lower()} AFTER {event}{of} ON workflow_case "
            f"BEGIN {' '.join(steps)} END"
        )


def _add(side: str, amount: int) -> str:
    return (
        f"INSERT INTO case_tally ({COLUMNS}, slot, amount) SELECT {_values(side)}, 0, {amount} FROM {TWICE} "  # noqa: S608
        f"WHERE {side}.term_id IS NOT NULL AND {side}.circle = '' "
        f"ON CONFLICT ({COLUMNS}, slot) DO UPDATE SET amount = amount + {amount};"
    )


def _keep_in_postgresql() -> None:
    # The wall is not forced on the owner, as which the triggers run: a part in a case reaches cases of other places,
    # whose counts must be kept all the same. The application's role may only read, inside its scope.
    op.execute("ALTER TABLE case_tally ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY inside_scope ON case_tally FOR SELECT USING ({_wall()})")
    rows = {
        "o": f"SELECT {_values('c')}, -1 FROM before_rows AS c, {TWICE} WHERE {COUNTED}",  # noqa: S608
        "n": f"SELECT {_values('c')}, 1 FROM after_rows AS c, {TWICE} WHERE {COUNTED}",  # noqa: S608
    }
    for event, sides in EVENTS.items():
        name = f"tally_{event.lower()}"
        changed = " UNION ALL ".join(rows[side] for side in sides)
        op.execute(_function(name, changed))
        tables = {"o": "OLD TABLE AS before_rows", "n": "NEW TABLE AS after_rows"}
        op.execute(
            f"CREATE TRIGGER {name} AFTER {event} ON workflow_case REFERENCING "
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


def _function(name: str, changed: str) -> str:
    same = " AND ".join(f"t.{column} = change.{column}" for column in KEY)
    return f"""
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE change record; free integer;
BEGIN
  FOR change IN
    SELECT {COLUMNS}, sum(amount)::integer AS amount FROM ({changed}) AS changed ({COLUMNS}, amount)
    GROUP BY {COLUMNS} HAVING sum(amount) <> 0 ORDER BY {COLUMNS}
  LOOP
    SELECT t.slot INTO free FROM case_tally AS t WHERE {same} ORDER BY t.slot LIMIT 1 FOR UPDATE SKIP LOCKED;
    INSERT INTO case_tally AS t ({COLUMNS}, slot, amount)
    VALUES ({", ".join(f"change.{column}" for column in KEY)}, COALESCE(free, pg_backend_pid()), change.amount)
    ON CONFLICT ({COLUMNS}, slot) DO UPDATE SET amount = t.amount + excluded.amount;
  END LOOP;
  RETURN NULL;
END $$
"""  # noqa: S608 (constants of this file)


def downgrade() -> None:
    """Count no more."""
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    for event in EVENTS:
        name = f"tally_{event.lower()}" if is_postgresql else f"workflow_case_tally_{event.lower()}"
        op.execute(f"DROP TRIGGER {name} ON workflow_case" if is_postgresql else f"DROP TRIGGER {name}")
        if is_postgresql:
            op.execute(f"DROP FUNCTION {name}()")
    op.drop_table("case_tally")

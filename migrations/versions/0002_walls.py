"""The walls behind the code: row-level security on PostgreSQL, an append-only audit trail on both databases."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

BUSINESS = (
    "appointment",
    "case_move",
    "case_record",
    "child",
    "name_gram",
    "relative",
    "roster_batch",
    "staff",
    "workflow_case",
)
LEVELS = ("city", "county", "township", "school", "class")
APPEND_ONLY = {"audit_event": "id", "audit_leaf": "number"}


def _inside(kind: str) -> str:
    # Scalar sub-selects are evaluated once a statement, bare current_setting() once a row.
    places = " OR ".join(
        f"{level}_code = ANY ((SELECT string_to_array(current_setting('shouwang.{level}', true), ','))::text[])"
        for level in LEVELS
    )
    system = "(SELECT current_setting('shouwang.system', true)) <> ''"
    return f"(SELECT current_setting('shouwang.kind', true)) = '{kind}' AND ({system} OR {places})"


def _wall_postgresql() -> None:
    for table in BUSINESS:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        inside = _inside("business")
        op.execute(f"CREATE POLICY inside_scope ON {table} USING ({inside}) WITH CHECK ({inside})")
    op.execute("ALTER TABLE audit_event ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE audit_event FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY read_inside ON audit_event FOR SELECT USING ({_inside('audit')})")
    op.execute("CREATE POLICY write_always ON audit_event FOR INSERT WITH CHECK (true)")
    op.execute("CREATE SEQUENCE audit_event_number")
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER never_empty BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def _wall_sqlite() -> None:
    for table, key in APPEND_ONLY.items():
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                "BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"
            )
        # INSERT OR REPLACE deletes without firing the delete trigger; only the next key may be inserted.
        first = 1 if key == "id" else 0
        op.execute(
            f"CREATE TRIGGER {table}_next BEFORE INSERT ON {table} "
            f"WHEN NEW.{key} IS NOT (SELECT COALESCE(MAX({key}) + 1, {first}) FROM {table}) "
            "BEGIN SELECT RAISE(ABORT, 'the audit trail takes the next entry only'); END"
        )


def upgrade() -> None:
    """Raise the walls."""
    if op.get_bind().dialect.name == "postgresql":
        _wall_postgresql()
    else:
        _wall_sqlite()


def downgrade() -> None:
    """Take the walls down; the rows stay."""
    if op.get_bind().dialect.name == "postgresql":
        for table in BUSINESS:
            op.execute(f"DROP POLICY inside_scope ON {table}")
            op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
            op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
        op.execute("DROP POLICY read_inside ON audit_event")
        op.execute("DROP POLICY write_always ON audit_event")
        op.execute("ALTER TABLE audit_event NO FORCE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE audit_event DISABLE ROW LEVEL SECURITY")
        for table in APPEND_ONLY:
            op.execute(f"DROP TRIGGER append_only ON {table}")
            op.execute(f"DROP TRIGGER never_empty ON {table}")
        op.execute("DROP FUNCTION refuse_change()")
        op.execute("DROP SEQUENCE audit_event_number")
    else:
        for table in APPEND_ONLY:
            for end in ("no_update", "no_delete", "next"):
                op.execute(f"DROP TRIGGER {table}_{end}")

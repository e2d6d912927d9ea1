"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Change the schema forward."""
    op.create_table(
        "audit_checkpoint",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("origin", sa.String(length=200), nullable=False),
        sa.Column("incarnation", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("cosigned_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_checkpoint")),
    )
    op.create_table(
        "audit_event",
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("grant_ref", sa.String(length=40), nullable=True),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("subject_type", sa.String(length=40), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=True),
        sa.Column("child_id", sa.BigInteger(), nullable=True),
        sa.Column("case_id", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(length=40), nullable=False),
        sa.Column("request_id", sa.String(length=40), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("city_code", sa.String(length=40), nullable=False),
        sa.Column("county_code", sa.String(length=40), nullable=False),
        sa.Column("township_code", sa.String(length=40), nullable=False),
        sa.Column("school_code", sa.String(length=40), nullable=False),
        sa.Column("class_code", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
    )
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        batch_op.create_index("ix_audit_event_action", ["action", "id"], unique=False)
        batch_op.create_index("ix_audit_event_actor_id", ["actor_id", "id"], unique=False)
        batch_op.create_index("ix_audit_event_at", ["at"], unique=False)
        batch_op.create_index("ix_audit_event_case_id", ["case_id", "id"], unique=False)
        batch_op.create_index("ix_audit_event_child_id", ["child_id", "id"], unique=False)
        batch_op.create_index("ix_audit_event_city", ["city_code", "id"], unique=False)
        batch_op.create_index("ix_audit_event_class", ["class_code", "id"], unique=False)
        batch_op.create_index("ix_audit_event_county", ["county_code", "id"], unique=False)
        batch_op.create_index("ix_audit_event_school", ["school_code", "id"], unique=False)
        batch_op.create_index("ix_audit_event_township", ["township_code", "id"], unique=False)

    op.create_table(
        "case_number",
        sa.Column("prefix", sa.String(length=20), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("prefix", "year", name=op.f("pk_case_number")),
    )
    op.create_table(
        "child",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_key", sa.String(length=200), nullable=False),
        sa.Column("sex", sa.String(length=10), nullable=True),
        sa.Column("birth_on", sa.Date(), nullable=True),
        sa.Column("id_number_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("id_number_index", sa.LargeBinary(), nullable=True),
        sa.Column("ethnicity", sa.String(length=40), nullable=True),
        sa.Column("student_number", sa.String(length=40), nullable=True),
        sa.Column("is_boarding", sa.Boolean(), nullable=True),
        sa.Column("is_poor", sa.Boolean(), nullable=True),
        sa.Column("is_focus", sa.Boolean(), nullable=False),
        sa.Column("care_situation", sa.String(length=40), nullable=True),
        sa.Column("absence_since", sa.Date(), nullable=True),
        sa.Column("risk", sa.String(length=10), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("residence_township", sa.String(length=40), nullable=False),
        sa.Column("residence_village", sa.String(length=40), nullable=False),
        sa.Column("village", sa.String(length=100), nullable=True),
        sa.Column("home_address_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("home_phone_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("parents_workplace_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("character_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("interests", sa.String(length=200), nullable=True),
        sa.Column("health_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("note_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("made_at_school", sa.String(length=40), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=True),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("city_code", sa.String(length=40), nullable=False),
        sa.Column("county_code", sa.String(length=40), nullable=False),
        sa.Column("township_code", sa.String(length=40), nullable=False),
        sa.Column("school_code", sa.String(length=40), nullable=False),
        sa.Column("class_code", sa.String(length=40), nullable=False),
        sa.CheckConstraint(
            "care_situation IS NULL OR care_situation IN ('grandparents', 'one_parent', 'relatives', 'single_or_orphan')",
            name=op.f("ck_child_care_situation"),
        ),
        sa.CheckConstraint("risk IN ('high', 'medium', 'low')", name=op.f("ck_child_risk")),
        sa.CheckConstraint("sex IS NULL OR sex IN ('male', 'female')", name=op.f("ck_child_sex")),
        sa.CheckConstraint("status IN ('on_file', 'left', 'archived')", name=op.f("ck_child_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_child")),
        sa.UniqueConstraint(
            "id", "city_code", "county_code", "township_code", "school_code", "class_code", name="uq_child_place"
        ),
        sa.UniqueConstraint("id_number_index", name=op.f("uq_child_id_number_index")),
    )
    with op.batch_alter_table("child", schema=None) as batch_op:
        batch_op.create_index("ix_child_batch_id", ["batch_id"], unique=False)
        batch_op.create_index("ix_child_city_new", ["city_code", "id"], unique=False)
        batch_op.create_index(
            "ix_child_city_roll", ["city_code", "school_code", "class_code", "name_key", "id"], unique=False
        )
        batch_op.create_index("ix_child_class_new", ["class_code", "id"], unique=False)
        batch_op.create_index("ix_child_class_roll", ["class_code", "school_code", "name_key", "id"], unique=False)
        batch_op.create_index("ix_child_county_new", ["county_code", "id"], unique=False)
        batch_op.create_index(
            "ix_child_county_roll", ["county_code", "school_code", "class_code", "name_key", "id"], unique=False
        )
        batch_op.create_index("ix_child_residence", ["residence_township", "residence_village"], unique=False)
        batch_op.create_index("ix_child_school_new", ["school_code", "id"], unique=False)
        batch_op.create_index("ix_child_school_roll", ["school_code", "class_code", "name_key", "id"], unique=False)
        batch_op.create_index("ix_child_township_new", ["township_code", "id"], unique=False)
        batch_op.create_index(
            "ix_child_township_roll", ["township_code", "school_code", "class_code", "name_key", "id"], unique=False
        )

    op.create_table(
        "data_key",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("wrapped_by", sa.String(length=20), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_key")),
    )
    op.create_table(
        "definition",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(), nullable=True),
        sa.Column("published_by", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(state = 'draft') = (published_at IS NULL)", name=op.f("ck_definition_published")),
        sa.CheckConstraint("state IN ('draft', 'in_force', 'superseded')", name=op.f("ck_definition_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_definition")),
        sa.UniqueConstraint("kind", "key", "version", name=op.f("uq_definition_kind_key_version")),
    )
    with op.batch_alter_table("definition", schema=None) as batch_op:
        batch_op.create_index(
            "uq_definition_in_force",
            ["kind", "key"],
            unique=True,
            sqlite_where=sa.text("state = 'in_force'"),
            postgresql_where=sa.text("state = 'in_force'"),
        )

    op.create_table(
        "heading_synonym",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("word", sa.String(length=100), nullable=False),
        sa.Column("field", sa.String(length=40), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_heading_synonym")),
        sa.UniqueConstraint("word", name=op.f("uq_heading_synonym_word")),
    )
    op.create_table(
        "login_failures",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(), nullable=False),
        sa.Column("locked_until", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_login_failures")),
    )
    op.create_table(
        "outbox_message",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("topic", sa.String(length=60), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("recipient", sa.String(length=200), nullable=False),
        sa.Column("payload", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("due_at", sa.DateTime(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("leased_until", sa.DateTime(), nullable=True),
        sa.Column("leased_by", sa.String(length=60), nullable=True),
        sa.Column("sent_at", sa.DateTime(), nullable=True),
        sa.Column("failure", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_message")),
    )
    with op.batch_alter_table("outbox_message", schema=None) as batch_op:
        batch_op.create_index("ix_outbox_message_due", ["sent_at", "due_at"], unique=False)

    op.create_table(
        "place",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("stage", sa.String(length=20), nullable=True),
        sa.Column("cohort", sa.Integer(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("is_closed", sa.Boolean(), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("city_code", sa.String(length=40), nullable=False),
        sa.Column("county_code", sa.String(length=40), nullable=False),
        sa.Column("township_code", sa.String(length=40), nullable=False),
        sa.Column("school_code", sa.String(length=40), nullable=False),
        sa.Column("class_code", sa.String(length=40), nullable=False),
        sa.CheckConstraint("(kind = 'class') = (cohort IS NOT NULL)", name=op.f("ck_place_class_has_cohort")),
        sa.CheckConstraint("kind IN ('city', 'county', 'township', 'school', 'class')", name=op.f("ck_place_kind")),
        sa.ForeignKeyConstraint(["parent_id"], ["place.id"], name=op.f("fk_place_parent_id_place")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_place")),
        sa.UniqueConstraint("code", name=op.f("uq_place_code")),
    )
    with op.batch_alter_table("place", schema=None) as batch_op:
        batch_op.create_index("ix_place_city", ["city_code"], unique=False)
        batch_op.create_index("ix_place_class", ["class_code"], unique=False)
        batch_op.create_index("ix_place_county", ["county_code"], unique=False)
        batch_op.create_index("ix_place_parent_id", ["parent_id"], unique=False)
        batch_op.create_index("ix_place_school", ["school_code"], unique=False)
        batch_op.create_index("ix_place_township", ["township_code"], unique=False)

    op.create_table(
        "repeated_request",
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("answer", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", "staff_id", name=op.f("pk_repeated_request")),
    )
    op.create_table(
        "school_year",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("first_year", sa.Integer(), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.CheckConstraint("first_year BETWEEN 2000 AND 2100", name=op.f("ck_school_year_first_year")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_school_year")),
        sa.UniqueConstraint("first_year", name=op.f("uq_school_year_first_year")),
    )
    op.create_table(
        "setting",
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_setting")),
    )
    op.create_table(
        "audit_leaf",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["audit_event.id"], name=op.f("fk_audit_leaf_event_id_audit_event")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_leaf")),
    )
    op.create_table(
        "audit_pending",
        sa.Column("event_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["audit_event.id"], name=op.f("fk_audit_pending_event_id_audit_event")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_audit_pending")),
    )
    op.create_table(
        "name_gram",
        sa.Column("gram", sa.String(length=60), nullable=False),
        sa.Column("city_code", sa.String(length=40), nullable=False),
        sa.Column("county_code", sa.String(length=40), nullable=False),
        sa.Column("township_code", sa.String(length=40), nullable=False),
        sa.Column("school_code", sa.String(length=40), nullable=False),
        sa.Column("class_code", sa.String(length=40), nullable=False),
        sa.Column("child_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["child_id", "city_code", "county_code", "township_code", "school_code", "class_code"],
            [
                "child.id",
                "child.city_code",
                "child.county_code",
                "child.township_code",
                "child.school_code",
                "child.class_code",
            ],
            name=op.f("fk_name_gram_child_id_child"),
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "gram",
            "city_code",
            "county_code",
            "township_code",
            "school_code",
            "class_code",
            "child_id",
            name=op.f("pk_name_gram"),
        ),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("name_gram", schema=None) as batch_op:
        batch_op.create_index("ix_name_gram_child_id", ["child_id"], unique=False)

    op.create_table(
        "relative",
        sa.Column("slot", sa.String(length=40), nullable=False),
        sa.Column("call_order", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("relation", sa.String(length=40), nullable=True),
        sa.Column("age", sa.Integer(), nullable=True),
        sa.Column("education", sa.String(length=40), nullable=True),
        sa.Column("occupation", sa.String(length=100), nullable=True),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("workplace_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("address_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("health_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("discipline_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("child_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("city_code", sa.String(length=40), nullable=False),
        sa.Column("county_code", sa.String(length=40), nullable=False),
        sa.Column("township_code", sa.String(length=40), nullable=False),
        sa.Column("school_code", sa.String(length=40), nullable=False),
        sa.Column("class_code", sa.String(length=40), nullable=False),
        sa.CheckConstraint("slot IN ('guardian', 'father', 'mother', 'other')", name=op.f("ck_relative_slot")),
        sa.ForeignKeyConstraint(
            ["child_id", "city_code", "county_code", "township_code", "school_code", "class_code"],
            [
                "child.id",
                "child.city_code",
                "child.county_code",
                "child.township_code",
                "child.school_code",
                "child.class_code",
            ],
            name=op.f("fk_relative_child_id_child"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relative")),
    )
    with op.batch_alter_table("relative", schema=None) as batch_op:
        batch_op.create_index("ix_relative_call_order", ["child_id", "call_order"], unique=False)
        batch_op.create_index("ix_relative_city", ["city_code", "id"], unique=False)
        batch_op.create_index("ix_relative_class", ["class_code", "id"], unique=False)
        batch_op.create_index("ix_relative_county", ["county_code", "id"], unique=False)
        batch_op.create_index("ix_relative_school", ["school_code", "id"], unique=False)
        batch_op.create_index("ix_relative_township", ["township_code", "id"], unique=False)
        batch_op.create_index(
            "uq_relative_slot",
            ["child_id", "slot"],
            unique=True,
            sqlite_where=sa.text("slot <> 'other'"),
            postgresql_where=sa.text("slot <> 'other'"),
        )

    op.create_table(
        "staff",
        sa.Column("login", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_key", sa.String(length=200), nullable=False),
        sa.Column("place_id", sa.BigInteger(), nullable=False),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("must_change_password", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("theme", sa.String(length=10), nullable=False),
        sa.Column("text_size", sa.String(length=10), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("city_code", sa.String(length=40), nullable=False),
        sa.Column("county_code", sa.String(length=40), nullable=False),
        sa.Column("township_code", sa.String(length=40), nullable=False),
        sa.Column("school_code", sa.String(length=40), nullable=False),
        sa.Column("class_code", sa.String(length=40), nullable=False),
        sa.CheckConstraint("language IN ('zh', 'en')", name=op.f("ck_staff_language")),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name=op.f("fk_staff_place_id_place")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("login", name=op.f("uq_staff_login")),
    )
    with op.batch_alter_table("staff", schema=None) as batch_op:
        batch_op.create_index("ix_staff_city_name", ["city_code", "name_key", "id"], unique=False)
        batch_op.create_index("ix_staff_city_new", ["city_code", "id"], unique=False)
        batch_op.create_index("ix_staff_class_name", ["class_code", "name_key", "id"], unique=False)
        batch_op.create_index("ix_staff_class_new", ["class_code", "id"], unique=False)
        batch_op.create_index("ix_staff_county_name", ["county_code", "name_key", "id"], unique=False)
        batch_op.create_index("ix_staff_county_new", ["county_code", "id"], unique=False)
        batch_op.create_index("ix_staff_school_name", ["school_code", "name_key", "id"], unique=False)
        batch_op.create_index("ix_staff_school_new", ["school_code", "id"], unique=False)
        batch_op.create_index("ix_staff_township_name", ["township_code", "name_key", "id"], unique=False)
        batch_op.create_index("ix_staff_township_new", ["township_code", "id"], unique=False)

    op.create_table(
        "term",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("school_year_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.CheckConstraint("last_on > first_on", name=op.f("ck_term_period")),
        sa.CheckConstraint("number IN (1, 2)", name=op.f("ck_term_number")),
        sa.ForeignKeyConstraint(
            ["school_year_id"], ["school_year.id"], name=op.f("fk_term_school_year_id_school_year")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_term")),
        sa.UniqueConstraint("school_year_id", "number", name=op.f("uq_term_school_year_id_number")),
    )
    op.create_table(
        "appointment",
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("place_id", sa.BigInteger(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("approved_by", sa.BigInteger(), nullable=True),
        sa.Column("purpose", sa.String(length=200), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("city_code", sa.String(length=40), nullable=False),
        sa.Column("county_code", sa.String(length=40), nullable=False),
        sa.Column("township_code", sa.String(length=40), nullable=False),
        sa.Column("school_code", sa.String(length=40), nullable=False),
        sa.Column("class_code", sa.String(length=40), nullable=False),
        sa.CheckConstraint("until_on IS NULL OR until_on >= from_on", name=op.f("ck_appointment_period")),
        sa.ForeignKeyConstraint(["approved_by"], ["staff.id"], name=op.f("fk_appointment_approved_by_staff")),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name=op.f("fk_appointment_place_id_place")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_appointment_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment")),
    )
    with op.batch_alter_table("appointment", schema=None) as batch_op:
        batch_op.create_index("ix_appointment_city", ["city_code", "role"], unique=False)
        batch_op.create_index("ix_appointment_class", ["class_code", "role"], unique=False)
        batch_op.create_index("ix_appointment_county", ["county_code", "role"], unique=False)
        batch_op.create_index("ix_appointment_school", ["school_code", "role"], unique=False)
        batch_op.create_index("ix_appointment_staff_id", ["staff_id"], unique=False)
        batch_op.create_index("ix_appointment_township", ["township_code", "role"], unique=False)

    op.create_table(
        "draft",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.String(length=200), nullable=False),
        sa.Column("content_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("saved_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_draft_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft")),
        sa.UniqueConstraint("staff_id", "place", name=op.f("uq_draft_staff_id_place")),
    )
    op.create_table(
        "login_session",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("began_at", sa.DateTime(), nullable=False),
        sa.Column("seen_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.Column("address", sa.String(length=60), nullable=False),
        sa.Column("agent", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_login_session_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_session")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_login_session_token_digest")),
    )
    with op.batch_alter_table("login_session", schema=None) as batch_op:
        batch_op.create_index("ix_login_session_staff_id", ["staff_id"], unique=False)

    op.create_table(
        "roster_batch",
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("content_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("school_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("mapping", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("counts", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("made_by", sa.BigInteger(), nullable=False),
        sa.Column("imported_at", sa.DateTime(), nullable=True),
        sa.Column("undone_at", sa.DateTime(), nullable=True),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("city_code", sa.String(length=40), nullable=False),
        sa.Column("county_code", sa.String(length=40), nullable=False),
        sa.Column("township_code", sa.String(length=40), nullable=False),
        sa.Column("school_code", sa.String(length=40), nullable=False),
        sa.Column("class_code", sa.String(length=40), nullable=False),
        sa.CheckConstraint("state IN ('checked', 'imported', 'undone', 'dropped')", name=op.f("ck_roster_batch_state")),
        sa.ForeignKeyConstraint(["made_by"], ["staff.id"], name=op.f("fk_roster_batch_made_by_staff")),
        sa.ForeignKeyConstraint(["school_id"], ["place.id"], name=op.f("fk_roster_batch_school_id_place")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_batch")),
    )
    with op.batch_alter_table("roster_batch", schema=None) as batch_op:
        batch_op.create_index("ix_roster_batch_city", ["city_code", "id"], unique=False)
        batch_op.create_index("ix_roster_batch_class", ["class_code", "id"], unique=False)
        batch_op.create_index("ix_roster_batch_county", ["county_code", "id"], unique=False)
        batch_op.create_index("ix_roster_batch_school", ["school_code", "id"], unique=False)
        batch_op.create_index("ix_roster_batch_township", ["township_code", "id"], unique=False)

    op.create_table(
        "workflow_case",
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("definition_id", sa.BigInteger(), nullable=False),
        sa.Column("workflow", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("subject_type", sa.String(length=40), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("child_id", sa.BigInteger(), nullable=True),
        sa.Column("open_slot", sa.String(length=40), nullable=True),
        sa.Column("state", sa.String(length=60), nullable=False),
        sa.Column("state_since", sa.DateTime(), nullable=False),
        sa.Column("due_at", sa.DateTime(), nullable=True),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.Column("opened_by", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.DateTime(), nullable=True),
        sa.Column("term_id", sa.BigInteger(), nullable=True),
        sa.Column("batch_id", sa.BigInteger(), nullable=True),
        sa.Column("made_at_school", sa.String(length=40), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("city_code", sa.String(length=40), nullable=False),
        sa.Column("county_code", sa.String(length=40), nullable=False),
        sa.Column("township_code", sa.String(length=40), nullable=False),
        sa.Column("school_code", sa.String(length=40), nullable=False),
        sa.Column("class_code", sa.String(length=40), nullable=False),
        sa.CheckConstraint("closed_at IS NULL OR open_slot IS NULL", name=op.f("ck_workflow_case_closed_frees_slot")),
        sa.ForeignKeyConstraint(
            ["child_id", "city_code", "county_code", "township_code", "school_code", "class_code"],
            [
                "child.id",
                "child.city_code",
                "child.county_code",
                "child.township_code",
                "child.school_code",
                "child.class_code",
            ],
            name=op.f("fk_workflow_case_child_id_child"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["definition.id"], name=op.f("fk_workflow_case_definition_id_definition")
        ),
        sa.ForeignKeyConstraint(["term_id"], ["term.id"], name=op.f("fk_workflow_case_term_id_term")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow_case")),
        sa.UniqueConstraint("number", name=op.f("uq_workflow_case_number")),
        sa.UniqueConstraint("workflow", "open_slot", name=op.f("uq_workflow_case_workflow_open_slot")),
    )
    with op.batch_alter_table("workflow_case", schema=None) as batch_op:
        batch_op.create_index("ix_workflow_case_batch_id", ["batch_id"], unique=False)
        batch_op.create_index("ix_workflow_case_child_id", ["child_id"], unique=False)
        batch_op.create_index("ix_workflow_case_city_new", ["city_code", "workflow", "id"], unique=False)
        batch_op.create_index(
            "ix_workflow_case_city_term",
            ["city_code", "workflow", "term_id", "school_code", "class_code", "state"],
            unique=False,
        )
        batch_op.create_index("ix_workflow_case_class_new", ["class_code", "workflow", "id"], unique=False)
        batch_op.create_index(
            "ix_workflow_case_class_term", ["class_code", "workflow", "term_id", "state"], unique=False
        )
        batch_op.create_index("ix_workflow_case_county_new", ["county_code", "workflow", "id"], unique=False)
        batch_op.create_index(
            "ix_workflow_case_county_term",
            ["county_code", "workflow", "term_id", "school_code", "class_code", "state"],
            unique=False,
        )
        batch_op.create_index("ix_workflow_case_school_new", ["school_code", "workflow", "id"], unique=False)
        batch_op.create_index(
            "ix_workflow_case_school_term", ["school_code", "workflow", "term_id", "class_code", "state"], unique=False
        )
        batch_op.create_index("ix_workflow_case_subject", ["subject_type", "subject_id"], unique=False)
        batch_op.create_index("ix_workflow_case_township_new", ["township_code", "workflow", "id"], unique=False)
        batch_op.create_index(
            "ix_workflow_case_township_term",
            ["township_code", "workflow", "term_id", "school_code", "class_code", "state"],
            unique=False,
        )

    op.create_table(
        "case_move",
        sa.Column("child_id", sa.BigInteger(), nullable=True),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("transition", sa.String(length=60), nullable=False),
        sa.Column("from_state", sa.String(length=60), nullable=True),
        sa.Column("to_state", sa.String(length=60), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=False),
        sa.Column("actor_name", sa.String(length=200), nullable=False),
        sa.Column("actor_role", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("made_at_school", sa.String(length=40), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("city_code", sa.String(length=40), nullable=False),
        sa.Column("county_code", sa.String(length=40), nullable=False),
        sa.Column("township_code", sa.String(length=40), nullable=False),
        sa.Column("school_code", sa.String(length=40), nullable=False),
        sa.Column("class_code", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["workflow_case.id"], name=op.f("fk_case_move_case_id_workflow_case")),
        sa.ForeignKeyConstraint(
            ["child_id", "city_code", "county_code", "township_code", "school_code", "class_code"],
            [
                "child.id",
                "child.city_code",
                "child.county_code",
                "child.township_code",
                "child.school_code",
                "child.class_code",
            ],
            name=op.f("fk_case_move_child_id_child"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_move")),
    )
    with op.batch_alter_table("case_move", schema=None) as batch_op:
        batch_op.create_index("ix_case_move_case_id", ["case_id", "id"], unique=False)
        batch_op.create_index("ix_case_move_child_id", ["child_id", "id"], unique=False)
        batch_op.create_index("ix_case_move_city", ["city_code", "id"], unique=False)
        batch_op.create_index("ix_case_move_class", ["class_code", "id"], unique=False)
        batch_op.create_index("ix_case_move_county", ["county_code", "id"], unique=False)
        batch_op.create_index("ix_case_move_school", ["school_code", "id"], unique=False)
        batch_op.create_index("ix_case_move_township", ["township_code", "id"], unique=False)

    op.create_table(
        "case_record",
        sa.Column("child_id", sa.BigInteger(), nullable=True),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("move_id", sa.BigInteger(), nullable=False),
        sa.Column("form", sa.String(length=200), nullable=False),
        sa.Column("form_version", sa.Integer(), nullable=False),
        sa.Column("data", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("made_by", sa.BigInteger(), nullable=False),
        sa.Column("made_at_school", sa.String(length=40), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("city_code", sa.String(length=40), nullable=False),
        sa.Column("county_code", sa.String(length=40), nullable=False),
        sa.Column("township_code", sa.String(length=40), nullable=False),
        sa.Column("school_code", sa.String(length=40), nullable=False),
        sa.Column("class_code", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["workflow_case.id"], name=op.f("fk_case_record_case_id_workflow_case")),
        sa.ForeignKeyConstraint(
            ["child_id", "city_code", "county_code", "township_code", "school_code", "class_code"],
            [
                "child.id",
                "child.city_code",
                "child.county_code",
                "child.township_code",
                "child.school_code",
                "child.class_code",
            ],
            name=op.f("fk_case_record_child_id_child"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["move_id"], ["case_move.id"], name=op.f("fk_case_record_move_id_case_move")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_record")),
    )
    with op.batch_alter_table("case_record", schema=None) as batch_op:
        batch_op.create_index("ix_case_record_case_id", ["case_id", "id"], unique=False)
        batch_op.create_index("ix_case_record_child_id", ["child_id", "id"], unique=False)
        batch_op.create_index("ix_case_record_city", ["city_code", "id"], unique=False)
        batch_op.create_index("ix_case_record_class", ["class_code", "id"], unique=False)
        batch_op.create_index("ix_case_record_county", ["county_code", "id"], unique=False)
        batch_op.create_index("ix_case_record_school", ["school_code", "id"], unique=False)
        batch_op.create_index("ix_case_record_township", ["township_code", "id"], unique=False)


def downgrade() -> None:
    """Change the schema back."""
    with op.batch_alter_table("case_record", schema=None) as batch_op:
        batch_op.drop_index("ix_case_record_township")
        batch_op.drop_index("ix_case_record_school")
        batch_op.drop_index("ix_case_record_county")
        batch_op.drop_index("ix_case_record_class")
        batch_op.drop_index("ix_case_record_city")
        batch_op.drop_index("ix_case_record_child_id")
        batch_op.drop_index("ix_case_record_case_id")

    op.drop_table("case_record")
    with op.batch_alter_table("case_move", schema=None) as batch_op:
        batch_op.drop_index("ix_case_move_township")
        batch_op.drop_index("ix_case_move_school")
        batch_op.drop_index("ix_case_move_county")
        batch_op.drop_index("ix_case_move_class")
        batch_op.drop_index("ix_case_move_city")
        batch_op.drop_index("ix_case_move_child_id")
        batch_op.drop_index("ix_case_move_case_id")

    op.drop_table("case_move")
    with op.batch_alter_table("workflow_case", schema=None) as batch_op:
        batch_op.drop_index("ix_workflow_case_township_term")
        batch_op.drop_index("ix_workflow_case_township_new")
        batch_op.drop_index("ix_workflow_case_subject")
        batch_op.drop_index("ix_workflow_case_school_term")
        batch_op.drop_index("ix_workflow_case_school_new")
        batch_op.drop_index("ix_workflow_case_county_term")
        batch_op.drop_index("ix_workflow_case_county_new")
        batch_op.drop_index("ix_workflow_case_class_term")
        batch_op.drop_index("ix_workflow_case_class_new")
        batch_op.drop_index("ix_workflow_case_city_term")
        batch_op.drop_index("ix_workflow_case_city_new")
        batch_op.drop_index("ix_workflow_case_child_id")
        batch_op.drop_index("ix_workflow_case_batch_id")

    op.drop_table("workflow_case")
    with op.batch_alter_table("roster_batch", schema=None) as batch_op:
        batch_op.drop_index("ix_roster_batch_township")
        batch_op.drop_index("ix_roster_batch_school")
        batch_op.drop_index("ix_roster_batch_county")
        batch_op.drop_index("ix_roster_batch_class")
        batch_op.drop_index("ix_roster_batch_city")

    op.drop_table("roster_batch")
    with op.batch_alter_table("login_session", schema=None) as batch_op:
        batch_op.drop_index("ix_login_session_staff_id")

    op.drop_table("login_session")
    op.drop_table("draft")
    with op.batch_alter_table("appointment", schema=None) as batch_op:
        batch_op.drop_index("ix_appointment_township")
        batch_op.drop_index("ix_appointment_staff_id")
        batch_op.drop_index("ix_appointment_school")
        batch_op.drop_index("ix_appointment_county")
        batch_op.drop_index("ix_appointment_class")
        batch_op.drop_index("ix_appointment_city")

    op.drop_table("appointment")
    op.drop_table("term")
    with op.batch_alter_table("staff", schema=None) as batch_op:
        batch_op.drop_index("ix_staff_township_new")
        batch_op.drop_index("ix_staff_township_name")
        batch_op.drop_index("ix_staff_school_new")
        batch_op.drop_index("ix_staff_school_name")
        batch_op.drop_index("ix_staff_county_new")
        batch_op.drop_index("ix_staff_county_name")
        batch_op.drop_index("ix_staff_class_new")
        batch_op.drop_index("ix_staff_class_name")
        batch_op.drop_index("ix_staff_city_new")
        batch_op.drop_index("ix_staff_city_name")

    op.drop_table("staff")
    with op.batch_alter_table("relative", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_relative_slot", sqlite_where=sa.text("slot <> 'other'"), postgresql_where=sa.text("slot <> 'other'")
        )
        batch_op.drop_index("ix_relative_township")
        batch_op.drop_index("ix_relative_school")
        batch_op.drop_index("ix_relative_county")
        batch_op.drop_index("ix_relative_class")
        batch_op.drop_index("ix_relative_city")
        batch_op.drop_index("ix_relative_call_order")

    op.drop_table("relative")
    with op.batch_alter_table("name_gram", schema=None) as batch_op:
        batch_op.drop_index("ix_name_gram_child_id")

    op.drop_table("name_gram")
    op.drop_table("audit_pending")
    op.drop_table("audit_leaf")
    op.drop_table("setting")
    op.drop_table("school_year")
    op.drop_table("repeated_request")
    with op.batch_alter_table("place", schema=None) as batch_op:
        batch_op.drop_index("ix_place_township")
        batch_op.drop_index("ix_place_school")
        batch_op.drop_index("ix_place_parent_id")
        batch_op.drop_index("ix_place_county")
        batch_op.drop_index("ix_place_class")
        batch_op.drop_index("ix_place_city")

    op.drop_table("place")
    with op.batch_alter_table("outbox_message", schema=None) as batch_op:
        batch_op.drop_index("ix_outbox_message_due")

    op.drop_table("outbox_message")
    op.drop_table("login_failures")
    op.drop_table("heading_synonym")
    with op.batch_alter_table("definition", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_definition_in_force",
            sqlite_where=sa.text("state = 'in_force'"),
            postgresql_where=sa.text("state = 'in_force'"),
        )

    op.drop_table("definition")
    op.drop_table("data_key")
    with op.batch_alter_table("child", schema=None) as batch_op:
        batch_op.drop_index("ix_child_township_roll")
        batch_op.drop_index("ix_child_township_new")
        batch_op.drop_index("ix_child_school_roll")
        batch_op.drop_index("ix_child_school_new")
        batch_op.drop_index("ix_child_residence")
        batch_op.drop_index("ix_child_county_roll")
        batch_op.drop_index("ix_child_county_new")
        batch_op.drop_index("ix_child_class_roll")
        batch_op.drop_index("ix_child_class_new")
        batch_op.drop_index("ix_child_city_roll")
        batch_op.drop_index("ix_child_city_new")
        batch_op.drop_index("ix_child_batch_id")

    op.drop_table("child")
    op.drop_table("case_number")
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_event_township")
        batch_op.drop_index("ix_audit_event_school")
        batch_op.drop_index("ix_audit_event_county")
        batch_op.drop_index("ix_audit_event_class")
        batch_op.drop_index("ix_audit_event_city")
        batch_op.drop_index("ix_audit_event_child_id")
        batch_op.drop_index("ix_audit_event_case_id")
        batch_op.drop_index("ix_audit_event_at")
        batch_op.drop_index("ix_audit_event_actor_id")
        batch_op.drop_index("ix_audit_event_action")

    op.drop_table("audit_event")
    op.drop_table("audit_checkpoint")

"""Publishing definitions: a checked text becomes an immutable version and the one in force."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.definition import Definition
from models.types import new_id
from workflows.audit import Happening
from workflows.engine.definition import digest
from workflows.engine.loader import KINDS, load_pack, read_definition
from workflows.refusal import Refusal
from workflows.text import text
from workflows.transaction import Transaction


def publish_definition(tx: Transaction, kind: str, key: str, content: str) -> Definition:
    """Publish a checked text as the next version of a definition; the same text again changes nothing.

    The caller has checked it as publishing does (`load_definition`); raises Refusal when its shape does not hold.
    """
    definition = read_definition(content, key).definition
    if definition is None or not isinstance(definition, KINDS[kind]):
        raise Refusal("definition_faulty", text("定义有错，不能发布：{key}", key=key))
    mark = digest(definition)
    present = tx.session.scalars(
        select(Definition).where(Definition.kind == kind, Definition.key == key).order_by(Definition.version.desc())
    ).first()
    if present is not None and present.digest == mark and present.state == "in_force":
        return present
    if present is not None and present.state == "in_force":
        present.state = "superseded"
        tx.session.flush()
    row = Definition(
        id=new_id(),
        kind=kind,
        key=key,
        version=present.version + 1 if present else 1,
        state="in_force",
        digest=mark,
        content=content,
        published_at=tx.now,
        published_by=tx.actor.staff_id,
    )
    tx.session.add(row)
    tx.tell(
        Happening(
            "definition.published",
            "definition",
            row.id,
            facts={"kind": kind, "key": key, "version": row.version, "digest": mark},
        )
    )
    return row


def publish_standard_pack(tx: Transaction) -> int:
    """Publish the definitions that the product ships, forms first; returns how many of them were not in force."""
    pack = load_pack()
    if pack.problems:
        raise Refusal("definition_faulty", pack.problems[0].message)
    missing = pack_not_in_force(tx.session)
    for kind, key in missing:
        publish_definition(tx, kind, key, pack.texts[(kind, key)])
        tx.session.flush()
    return len(missing)


def pack_not_in_force(session: Session) -> list[tuple[str, str]]:
    """Return kind and key of the shipped definitions that are new or have changed since they were published."""
    pack = load_pack()
    shipped: dict[str, Mapping[str, Any]] = {
        "form": pack.forms,
        "workflow": pack.workflows,
        "selection": pack.selections,
    }
    rows = session.scalars(select(Definition).where(Definition.state == "in_force"))
    in_force = {(row.kind, row.key): row.digest for row in rows}
    names = sorted(pack.texts, key=lambda name: (name[0] != "form", name))
    return [(kind, key) for kind, key in names if in_force.get((kind, key)) != digest(shipped[kind][key])]

"""What dated records of each form are: which forms there are, what they count as, whom they are written by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from models.record import Record
from workflows.actor import Actor, Post
from workflows.engine.definition import RECORD_KINDS, Form, RecordHead
from workflows.engine.published import FormVersion, form_in_force, forms_numbered
from workflows.engine.record import open_answers
from workflows.policy import Permission, Policy
from workflows.refusal import Missing
from workflows.text import text

TABLE = "record"
AUTHOR_SEES = "P3"


def record_form(session: Session, key: str) -> FormVersion:
    """Return a form of dated records in force; raises Missing for any other key."""
    version = form_in_force(session, key)
    if version.form.record is None:
        raise Missing("no_definition", text("还没有发布：{key}", key=key))
    return version


def head_of(form: Form) -> RecordHead:
    """Return the head of a form of dated records."""
    if form.record is None:
        raise Missing("no_definition", text("还没有发布：{key}", key=form.key))
    return form.record


def form_of(session: Session, record: Record) -> FormVersion:
    """Return the version of the form on which a record was written."""
    number = (record.form, record.form_version)
    found = forms_numbered(session, [number]).get(number)
    if found is None:
        raise Missing("no_definition", text("还没有发布：{key}", key=record.form))
    return found


def evidence(head: RecordHead, values: Mapping[str, Any]) -> str | None:
    """Return the kind as which a record counts for duties: the head's own, or the answer to the field it names."""
    if head.counts_as is None or head.counts_as in RECORD_KINDS:
        return head.counts_as
    return values.get(head.counts_as)


def writing_post(actor: Actor, policy: Policy, form: Form, codes: Mapping[str, str]) -> Post | None:
    """Return the post by which a person writes records of a form about a child, None when none of theirs does."""
    roles = head_of(form).by
    held = (post for post in actor.posts_over(codes) if post.reaches and post.role in roles)
    return next((post for post in held if policy.allows(post.role, Permission.RECORD_WRITE)), None)


def writes_anywhere(actor: Actor, policy: Policy, form: Form) -> bool:
    """Tell whether a person holds any post whose role writes records of a form."""
    roles = head_of(form).by
    held = (post for post in actor.posts if post.reaches and post.role in roles)
    return any(policy.allows(post.role, Permission.RECORD_WRITE) for post in held)


def sees(actor: Actor, policy: Policy, record: Record) -> str:
    """Return the field class up to which a person reads a record: everything of their own, else by their posts."""
    own = actor.staff_id is not None and actor.staff_id == record.made_by
    return AUTHOR_SEES if own else policy.sees(actor, record.level_codes)


def answers_of(session: Session, form: Form, record: Record, level: str) -> dict[str, Any]:
    """Return a record's answers up to a field class; its child's key must be at hand."""
    return open_answers(session, form, record.data, record.key_owner, record.id, level, TABLE)


def may_mend(actor: Actor, policy: Policy, record: Record) -> bool:
    """Tell whether a person may correct or void a record that they see.

    Its author may, and the office of the place; of a confidential case also those in its circle who write records.
    """
    if record.state != "active":
        return False
    codes = record.level_codes
    if policy.post_for(actor, Permission.RECORD_MEND, codes) is not None:
        return True
    if policy.post_for(actor, Permission.RECORD_VOID, codes) is None:
        return False
    is_own = actor.staff_id is not None and actor.staff_id == record.made_by
    return is_own or (bool(record.circle) and _is_in_circle(actor, policy, record))


def _is_in_circle(actor: Actor, policy: Policy, record: Record) -> bool:
    return record.case_id in actor.parts or policy.leads_circle(actor, record.circle, record.level_codes)

"""Who may add, look at and take away the photos and files of a case, and when nobody may."""

from __future__ import annotations

from sqlalchemy.orm import Session

from models.attachment import Attachment
from models.case import Case
from models.child import Child
from workflows.actor import Actor
from workflows.fields import visible
from workflows.policy import Permission, Policy
from workflows.refusal import Refusal
from workflows.text import text

OF_CHILD, OF_PLACE = "P2", "P1"
SIGNATURE = "signature"  # the field of a picture that somebody signed a step with; it stays as long as the step


def file_class(case: Case) -> str:
    """Return the field class of a file that answers no question of a form: about a child, or about a place."""
    return OF_CHILD if case.child_id is not None else OF_PLACE


def is_sealed(session: Session, case: Case) -> bool:
    """Tell whether the child's file is archived, so that nothing about it changes any more."""
    child = session.get(Child, case.child_id) if case.child_id is not None else None
    return child is not None and child.status == "archived"


def refuse_sealed(session: Session, case: Case) -> None:
    """Refuse to change the files of a case whose child's file is archived; raises Refusal `case_sealed`."""
    if is_sealed(session, case):
        raise Refusal("case_sealed", text("档案已封存，不能再添加或移除附件"))


def may_add_file(actor: Actor, policy: Policy, case: Case) -> bool:
    """Tell whether a person works on a case and may look at what they would add."""
    codes = case.level_codes
    acts = policy.post_for(actor, Permission.CASE_ACT, codes) is not None
    return acts and visible(file_class(case), policy.sees(actor, codes))


def may_look(actor: Actor, policy: Policy, row: Attachment, workflow: str = "") -> bool:
    """Tell whether a person of the case's scope and circle sees files of this class.

    With the case's `workflow` those count too whose posts open its cases without a part in them.
    """
    codes = row.level_codes
    has_post = policy.post_for(actor, Permission.CASE_READ, codes) is not None
    opens = row.circle == "" and policy.scope_opened(actor, workflow).covers(codes)
    return (has_post or opens) and visible(row.protection, policy.sees(actor, codes, workflow))


def may_remove_file(actor: Actor, policy: Policy, row: Attachment, case: Case) -> bool:
    """Tell whether a person may take a file away: who sent it, the office of the place, a leader of its circle."""
    codes = case.level_codes
    if row.field == SIGNATURE or policy.post_for(actor, Permission.CASE_ACT, codes) is None:
        return False
    if actor.staff_id is not None and actor.staff_id == row.made_by:
        return True
    if policy.post_for(actor, Permission.RECORD_MEND, codes) is not None:
        return True
    return bool(case.circle) and policy.leads_circle(actor, case.circle, codes)

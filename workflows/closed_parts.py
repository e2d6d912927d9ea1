"""Parts of a leaver in confidential cases: how many, and which leaders see to them; the cases stay in their circle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import Session

from models.case import Case, CaseParticipant
from models.reports.parts import holders
from models.scope import LEVELS, NO_PLACE
from models.staff import Appointment, Staff
from models.task import PENDING, CaseTask
from workflows.actor import Actor
from workflows.candidates import choices
from workflows.engine.published import WorkflowVersion, workflow_version
from workflows.engine.standing import ASKED, OPENER
from workflows.engine.vocabulary import Label
from workflows.left_seats import seats_left
from workflows.policy import Permission, Policy


@dataclass(frozen=True)
class ClosedPart:
    """A part in a confidential case that somebody who leaves holds, and the leaders to whom the case falls."""

    number: str
    leaders: tuple[Staff, ...]


def closed_parts(
    everything: Session, policy: Policy, person: Staff, day: date, known: Collection[str] = ()
) -> list[ClosedPart]:
    """Return a person's running parts and seats in confidential cases but those `known` by key; of a case its first.

    Being let in gives nothing to take over. `everything` is a session under a system scope; no more than numbers and
    leaders may be told to whoever asks.
    """
    rows = everything.execute(
        select(CaseParticipant.id, Case)
        .join(Case, Case.id == CaseParticipant.case_id)
        .where(
            CaseParticipant.staff_id == person.id,
            CaseParticipant.until_at.is_(None),
            CaseParticipant.relation != ASKED,
            Case.circle != "",
            Case.closed_at.is_(None),
        )
        .order_by(CaseParticipant.id)
    )
    own = [case for number, case in rows if f"part-{number}" not in known]
    mine = (CaseTask.staff_id == person.id, CaseTask.status.in_(PENDING), Case.circle != "", Case.closed_at.is_(None))
    seats = everything.execute(select(CaseTask.id, Case).join(Case, Case.id == CaseTask.case_id).where(*mine))
    besides = {case.id for case in own}
    seated = [case for number, case in seats if f"seat-{number}" not in known and case.id not in besides]
    own += {case.id: case for case in seated}.values()
    return [ClosedPart(case.number, _leaders(everything, policy, case, person.id, day)) for case in own]


def _leaders(everything: Session, policy: Policy, case: Case, besides: int, day: date) -> tuple[Staff, ...]:
    """Return who decides on a case: holders of the roles that its workflow asks, else of any that reads it."""
    workflow = workflow_version(everything, case.definition_id).workflow
    readers = {role for role in policy.roles if policy.opens_circle(role, case.circle)}
    readers = {role for role in readers if policy.allows(role, Permission.CASE_ACT)}
    asked = {
        (who.role, who.place)
        for state in workflow.states.values()
        if state.tasks
        for who in state.tasks.who
        if who.role
    }
    held = [one for one in holders(everything, readers, case.level_codes, day) if one[0].id != besides]
    named = [one for one in held if {(one[1].role, _level_of(one[1])), (one[1].role, None)} & asked]
    return tuple({staff.id: staff for staff, _post in named or held}.values())


def _level_of(post: Appointment) -> str | None:
    return next((level for level in reversed(LEVELS) if post.level_codes[level] != NO_PLACE), None)


def told(parts: Collection[ClosedPart]) -> dict[tuple[str, ...], int]:
    """Return how many confidential cases fall to which leaders, by their names."""
    return dict(Counter(tuple(leader.name for leader in part.leaders) for part in parts))


def left_behind(
    session: Session, everything: Session, actor: Actor, policy: Policy, day: date
) -> dict[str, frozenset[int]]:
    """Return the confidential cases, by workflow, that wait for a leader because somebody in them has left.

    Somebody who took part in them, or on whose seat nobody sits who could speak.

    `session` is the leader's own, so that only their circle is looked at; `everything` tells who has left.
    """
    circles = {post.role for post in actor.posts if post.reaches and policy.allows(post.role, Permission.CASE_ACT)}
    if not any(policy.roles[role].circles for role in circles if role in policy.roles):
        return {}
    rows = session.execute(
        select(CaseParticipant.staff_id, Case)
        .join(Case, Case.id == CaseParticipant.case_id)
        .where(
            CaseParticipant.until_at.is_(None),
            CaseParticipant.staff_id.is_not(None),
            CaseParticipant.relation != ASKED,
            Case.circle != "",
            Case.closed_at.is_(None),
        )
    ).all()
    led = [(staff, case) for staff, case in rows if policy.leads_circle(actor, case.circle, case.level_codes)]
    gone = gone_of(everything, {staff for staff, _case in led if staff is not None}, day)
    found: dict[str, set[int]] = {}
    for staff, case in led:
        if staff in gone:
            found.setdefault(case.workflow, set()).add(case.id)
    for _seat, case in seats_left(session, everything, policy, day):
        if policy.leads_circle(actor, case.circle, case.level_codes):
            found.setdefault(case.workflow, set()).add(case.id)
    return {workflow: frozenset(cases) for workflow, cases in found.items()}


def gone_of(everything: Session, ids: Collection[int], day: date) -> set[int]:
    """Return who of some people has left: whose account is locked, or whose every post has ended."""
    if not ids:
        return set()
    own = exists().where(Appointment.staff_id == Staff.id)
    still = own.where(or_(Appointment.until_on.is_(None), Appointment.until_on >= day))
    left = or_(~Staff.is_active, and_(own, ~still))
    return set(everything.scalars(select(Staff.id).where(Staff.id.in_(sorted(ids)), left)))


def parts_left(session: Session, everything: Session, case: Case, day: date) -> list[CaseParticipant]:
    """Return the running parts of a confidential case whose holders have left."""
    if not case.circle or case.closed_at is not None:
        return []
    running = select(CaseParticipant).where(
        CaseParticipant.case_id == case.id,
        CaseParticipant.until_at.is_(None),
        CaseParticipant.staff_id.is_not(None),
        CaseParticipant.relation != ASKED,
    )
    parts = list(session.scalars(running.order_by(CaseParticipant.id)))
    gone = gone_of(everything, {part.staff_id for part in parts if part.staff_id is not None}, day)
    return [part for part in parts if part.staff_id in gone]


def successors(
    directory: Session, version: WorkflowVersion, relation: str, codes: Mapping[str, str], day: date, policy: Policy
) -> Mapping[str, Label]:
    """Return who may take over a part, by number: whom its question offers, or who may open such a case."""
    rule = version.workflow.participants.get(relation)
    if rule is None:
        return {}
    asked = version.fields.get(rule.source) if rule.source != OPENER else None
    if asked is not None:
        return choices(directory, [asked], codes, day, policy, {}).get(asked.key, {})
    roles = {who.role for who in version.workflow.open.by if who.role}
    found = holders(directory, roles, codes, day)
    return {str(staff.id): Label(zh=staff.name, en=staff.name) for staff, _post in found}

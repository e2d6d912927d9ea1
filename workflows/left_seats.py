"""Seats in confidential cases from which nobody can speak any more, for the leaders of their circle to pass on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from models.case import Case, CaseParticipant
from models.staff import Appointment, Staff
from models.task import PENDING, CaseTask
from workflows.actor import PAIRED
from workflows.policy import Permission, Policy

Seated = tuple[CaseTask, Case]


def seats_left(session: Session, everything: Session, policy: Policy, day: date, *where: Any) -> list[Seated]:
    """Return the seats of open confidential cases on which nobody sits who could speak, with their cases.

    Whoever sits there has left or reaches the case no more; of a pool nobody holds the role. `session` is the reader's
    own, so that only their circle is looked at; `everything`, under a system scope, tells who holds what.
    """
    pending = (CaseTask.status.in_(PENDING), CaseTask.circle != "", Case.closed_at.is_(None))
    wanted = select(CaseTask, Case).join(Case, Case.id == CaseTask.case_id).where(*pending, *where)
    rows = [(seat, case) for seat, case in session.execute(wanted.order_by(CaseTask.id))]
    if not rows:
        return []
    sitting = _Sitting(everything, policy, rows, day)
    return [(seat, case) for seat, case in rows if not sitting.may_speak(seat, case)]


class _Sitting:
    """Who holds which posts and parts, as far as some seats are concerned."""

    def __init__(self, everything: Session, policy: Policy, rows: Sequence[Seated], day: date) -> None:
        self._policy = policy
        people = {seat.staff_id for seat, _case in rows if seat.staff_id is not None}
        pools = {(seat.role, seat.place_id) for seat, _case in rows if seat.place_id is not None}
        places = Appointment.place_id.in_({place for _role, place in pools})
        held = and_(places, Appointment.role.in_({role for role, _place in pools}))
        still = or_(Appointment.until_on.is_(None), Appointment.until_on >= day)
        posts = everything.scalars(
            select(Appointment)
            .join(Staff, Staff.id == Appointment.staff_id)
            .where(Staff.is_active, Appointment.from_on <= day, still, or_(Appointment.staff_id.in_(people), held))
        ).all()
        self._pools = {(post.role, post.place_id) for post in posts}
        self._posts: dict[int, list[Appointment]] = {}
        for post in posts:
            self._posts.setdefault(post.staff_id, []).append(post)
        ids = {case.id for _seat, case in rows}
        parts = everything.execute(
            select(CaseParticipant.staff_id, CaseParticipant.case_id, CaseParticipant.works_as)
            .join(Staff, Staff.id == CaseParticipant.staff_id)
            .where(Staff.is_active, CaseParticipant.case_id.in_(ids), CaseParticipant.until_at.is_(None))
        ).all()
        self._inside = {(staff, case) for staff, case, _role in parts}
        acting = [row for row in parts if row.works_as and policy.allows(row.works_as, Permission.CASE_ACT)]
        self._acting = {(staff, case) for staff, case, _role in acting}

    def may_speak(self, seat: CaseTask, case: Case) -> bool:
        """Tell whether somebody is there for a seat; one of a pool that waits is there for nobody yet."""
        if seat.staff_id is None:
            return seat.status != "open" or (seat.role, seat.place_id) in self._pools
        if (seat.staff_id, case.id) in self._acting:
            return True
        is_inside = (seat.staff_id, case.id) in self._inside
        return any(self._reaches(post, case, is_inside) for post in self._posts.get(seat.staff_id, ()))

    def _reaches(self, post: Appointment, case: Case, is_inside: bool) -> bool:
        if post.role in PAIRED or not self._policy.allows(post.role, Permission.CASE_ACT):
            return False
        opens = is_inside or self._policy.opens_circle(post.role, case.circle)
        return opens and post.covers(case.level_codes)

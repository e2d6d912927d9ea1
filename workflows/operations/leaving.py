"""Takes over what a person who leaves holds: posts go to successors or end, the account is locked, all at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import delete, exists, func, or_, select
from sqlalchemy.orm import Session

from models.draft import Draft
from models.staff import Appointment, Staff
from models.task import CaseTask
from models.unfinished_file import UnfinishedFile
from workflows.audit import Happening
from workflows.closed_parts import closed_parts
from workflows.fields import APPOINTMENT, STAFF, put
from workflows.held_parts import HeldPart, left_alone, parts_of
from workflows.operations.appointment import appoint
from workflows.operations.part_passing import pass_part
from workflows.operations.rows import check_rev, fetch
from workflows.operations.seat_passing import pass_seat
from workflows.operations.staff import end_sessions, refuse_last_officer
from workflows.policy import Permission
from workflows.refusal import Missing, Refusal, Stale
from workflows.text import text
from workflows.transaction import Transaction
from workflows.values import as_text

SHORTEST_REASON, LONGEST_REASON = 2, 200
MOST_DAYS_AHEAD = 180


@dataclass(frozen=True)
class Handover:
    """What was chosen: from which day, why, who follows in each part, and whether nobody may follow."""

    from_on: date
    reason: str
    seen: frozenset[str]  # the parts that stood on the page
    successors: Mapping[str, int] = field(default_factory=dict)
    is_sure: bool = False


@dataclass(frozen=True)
class HandedOver:
    """What a handover did: parts passed on, parts that ended with nobody following, drafts dropped.

    `confidential` parts stay where they are; leaders of their circle name who follows, once the account is locked.
    """

    passed: int
    ended: int
    drafts: int
    is_locked: bool
    confidential: int = 0


def hand_over(tx: Transaction, staff_id: int, rev: int, chosen: Handover) -> HandedOver:
    """End all that a person holds, give it to the successors, and lock the account once the day has come.

    Parts in open cases pass at once. From a day to come on, posts pass on that day, and the account stays open until
    then and holds nothing afterwards. Raises Refusal
    `own_account`, `reason_missing`, `bad_date`, `bad_successor`, `children_left` (with the parts at fault, while
    `is_sure` was not said), `last_officer`; Stale when the person, or what they hold, changed meanwhile.
    """
    person = fetch(tx, Staff, staff_id)
    tx.require(Permission.STAFF_ACTIVATE, person.level_codes)
    tx.require(Permission.STAFF_APPOINT, person.level_codes)
    check_rev(person, rev, STAFF)
    if person.id == tx.actor.staff_id:
        raise Refusal("own_account", text("不能办理自己的离任，请由另一名管理员办理"))
    reason = _reason(chosen)
    parts = _parts(tx, person, chosen)
    _refuse_alone(parts, chosen)
    for part in parts:
        PASSING[part.kind](tx, person, part, chosen)
    confidential = _tell_leaders(tx, person, parts)
    dropped = _drop_drafts(tx, person, chosen)
    is_locked = chosen.from_on <= tx.today
    if is_locked:
        end_sessions(tx, person.id)
    changes = put(person, STAFF, {"is_active": False} if is_locked else {})
    tx.session.flush()
    done = HandedOver(len(chosen.successors), len(parts) - len(chosen.successors), dropped, is_locked, confidential)
    facts = {"from_on": chosen.from_on.isoformat(), "passed": done.passed, "ended": done.ended, "drafts": dropped}
    facts |= {"confidential": confidential} if confidential else {}
    tx.tell(
        Happening("staff.left", "staff", person.id, person.level_codes, owner=person.id, changes=changes,
                  reason=reason, facts=facts)
    )  # fmt: skip
    return done


def _reason(chosen: Handover) -> str:
    why = as_text(chosen.reason)
    if len(why) < SHORTEST_REASON:
        message = text("请写明离任的原因")
        raise Refusal("reason_missing", message, {"reason": message})
    return why[:LONGEST_REASON]


def _parts(tx: Transaction, person: Staff, chosen: Handover) -> list[HeldPart]:
    if not tx.today <= chosen.from_on <= tx.today + timedelta(days=MOST_DAYS_AHEAD):
        message = text("交接日期为今天起 {days} 天以内", days=MOST_DAYS_AHEAD)
        raise Refusal("bad_date", message, {"from_on": message})
    parts = parts_of(tx.session, person, tx.today)
    if {part.key for part in parts} != chosen.seen:
        raise Stale("changed_meanwhile", text("他的任职刚有变动，请核对后再办"))
    if not set(chosen.successors) <= chosen.seen:
        raise Missing("not_found", text("没有这条记录"))
    for key, staff_id in chosen.successors.items():
        successor = tx.session.get(Staff, staff_id)
        if successor is None or not successor.is_active or successor.id == person.id:
            message = text("接任人要是另一名已启用的人员")
            raise Refusal("bad_successor", message, {key: message})
    return parts


def _refuse_alone(parts: list[HeldPart], chosen: Handover) -> None:
    alone = left_alone(parts, chosen.successors)
    if alone and not chosen.is_sure:
        faults = {part.key: text("{count} 名儿童将没有人负责", count=part.children) for part in alone}
        raise Refusal("children_left", text("有儿童将没有人负责，请选接任人，或确认暂缺"), faults)


def _pass_post(tx: Transaction, person: Staff, part: HeldPart, chosen: Handover) -> None:
    post = fetch(tx, Appointment, int(part.key.removeprefix("post-")))
    tx.require(Permission.STAFF_APPOINT, post.level_codes)
    successor = chosen.successors.get(part.key)
    if successor is not None and not _holds_too(tx, successor, post, chosen.from_on):
        asked = {"from_on": max(chosen.from_on, post.from_on), "until_on": post.until_on}
        appoint(tx, successor, post.role, post.place_id, {**asked, "purpose": post.purpose})
    refuse_last_officer(tx, person.id, post.id)
    last = chosen.from_on - timedelta(days=1)
    if post.until_on is not None and post.until_on <= last:
        return
    changes = put(post, APPOINTMENT, {"from_on": min(post.from_on, last), "until_on": last})
    tx.session.flush()
    facts = {"staff": str(person.id), "role": post.role, "cause": "left"}
    tx.tell(Happening("appointment.ended", "appointment", post.id, post.level_codes, changes=changes, facts=facts))


def _holds_too(tx: Transaction, staff_id: int, post: Appointment, day: date) -> bool:
    same = exists().where(
        Appointment.staff_id == staff_id,
        Appointment.role == post.role,
        Appointment.place_id == post.place_id,
        or_(Appointment.until_on.is_(None), Appointment.until_on >= day),
    )
    return bool(tx.session.scalar(select(same)))


def _pass_case(tx: Transaction, person: Staff, part: HeldPart, chosen: Handover) -> None:
    successor = chosen.successors.get(part.key)
    number = int(part.key.removeprefix("part-"))
    pass_part(tx, number, tx.session.get_one(Staff, successor) if successor is not None else None)


def _pass_seat(tx: Transaction, person: Staff, part: HeldPart, chosen: Handover) -> None:
    successor = chosen.successors.get(part.key)
    number = int(part.key.removeprefix("seat-"))
    if tx.session.scalar(select(CaseTask.staff_id).where(CaseTask.id == number)) != person.id:
        return  # went with the part that the person held in the case
    pass_seat(tx, number, tx.session.get_one(Staff, successor) if successor is not None else None)


PASSING: Mapping[str, Callable[[Transaction, Staff, HeldPart, Handover], None]] = {
    "post": _pass_post,
    "part": _pass_case,
    "seat": _pass_seat,
}


def _tell_leaders(tx: Transaction, person: Staff, known: list[HeldPart]) -> int:
    """Send word of each confidential case to its leaders; whoever hands over learns no more than how many there are."""
    with tx.directory() as everything:
        closed = closed_parts(everything, tx.policy, person, tx.today, {part.key for part in known})
    for part in closed:
        for leader in part.leaders:
            tx.send("case.part_left", "inbox", f"staff:{leader.id}", {"case": part.number})
    return len(closed)


def _drop_drafts(tx: Transaction, person: Staff, chosen: Handover) -> int:
    """Drop the person's unfinished forms once they are locked out: nobody else can open them."""
    if chosen.from_on > tx.today:
        return 0
    count = count_drafts(tx.session, person.id)
    tx.session.execute(delete(Draft).where(Draft.staff_id == person.id))
    tx.session.execute(delete(UnfinishedFile).where(UnfinishedFile.staff_id == person.id))
    return count


def count_drafts(session: Session, staff_id: int) -> int:
    """Count a person's unfinished forms."""
    return session.scalar(select(func.count()).select_from(Draft).where(Draft.staff_id == staff_id)) or 0

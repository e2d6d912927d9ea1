"""Takes a school into the next school year: classes are renamed, leave, merge and begin, in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import exists, select, update

from models.case import Case
from models.child import Child
from models.place import Place
from models.school_calendar import year_to_turn_to
from models.turn import SchoolTurn
from models.types import new_id
from models.vault import learn_keys
from workflows.audit import Change, Happening
from workflows.class_title import first_grade
from workflows.fields import CHILD, PLACE, put
from workflows.operations.case_sets import locked
from workflows.operations.class_move import move_class
from workflows.operations.class_posts import end_posts_at, give_class
from workflows.operations.lapse import divide, lapse_cases
from workflows.operations.place import make_class
from workflows.operations.rows import fetch, flush_unique
from workflows.policy import Permission
from workflows.refusal import Missing, Refusal, Stale
from workflows.text import text
from workflows.transaction import Transaction
from workflows.turn_plan import ClassLine, TurnChoices, TurnPlan, faults_of, plan_turn
from workflows.values import as_text

CHUNK = 500
LEFT = "left"
GRADUATED = "graduated"


@dataclass
class Turned:
    """What a turn did, in counts."""

    classes: int = 0
    closed: int = 0
    merged: int = 0
    made: int = 0
    graduated: int = 0
    moved: int = 0
    lapsed: int = 0
    posts_ended: int = 0
    teachers: int = 0


def turn_school(tx: Transaction, school_id: int, first_year: int, choices: TurnChoices, mark: str) -> Turned:
    """Step into a school year: graduates leave, classes merge, close, are renamed and made, class teachers follow.

    `mark` is that of the plan the office saw. Raises Refusal `already_turned`, `not_this_year`, `bad_values`,
    `open_cases` (graduates' cases that have no end for what was not completed), and Stale when a class, its children
    or its teacher changed meanwhile. A change of class teacher asks for the permission to appoint besides.
    """
    school = fetch(tx, Place, school_id)  # locked: two people who turn the same school take turns
    if school.kind != "school" or school.is_closed:
        raise Missing("no_school", text("没有这所学校，或不在你的范围内"))
    tx.require(Permission.TURN_MANAGE, school.level_codes)
    plan = plan_turn(tx.session, school, first_year, tx.today)
    _check(tx, plan, choices, mark)
    done = Turned()
    _graduate(tx, plan, choices, done)
    _merge(tx, plan, choices, done)
    _rename(tx, plan, choices, done)
    made = _make(tx, plan, choices, done)
    _appoint(tx, plan, choices, made, done)
    _record(tx, school, first_year, done)
    return done


def _check(tx: Transaction, plan: TurnPlan, choices: TurnChoices, mark: str) -> None:
    if plan.done is not None:
        raise Refusal("already_turned", text("{place}这个学年已经更替过", place=plan.school.name))
    if plan.first_year != year_to_turn_to(tx.session, tx.today):
        raise Refusal("not_this_year", text("现在不能更替到这个学年"))
    if mark != plan.mark:
        raise Stale("plan_changed", text("班级、学生或班主任刚有变动，请核对后再办"))
    if faults := faults_of(plan, choices):
        raise Refusal("bad_values", text("有 {count} 处填写不对", count=len(faults)), faults)
    known = {line.place.id for line in plan.classes if line.goes_on}
    if not set(choices.teachers) <= known or not set(choices.destinations) <= {li.place.id for li in plan.classes}:
        raise Missing("no_place", text("没有这个单位，或不在你的范围内"))
    if plan.obstacles:
        raise Refusal("open_cases", text("毕业班还有 {count} 件事项没有办结", count=len(plan.obstacles)))


def _graduate(tx: Transaction, plan: TurnPlan, choices: TurnChoices, done: Turned) -> None:
    for line in plan.classes:
        if line.leaves:
            _lapse(tx, line, done)
            done.graduated += _leave(tx, line, as_text(choices.destinations.get(line.place.id, "")) or None)
            _close(tx, line.place, done)
            done.closed += 1


def _lapse(tx: Transaction, line: ClassLine, done: Turned) -> None:
    wanted = select(Case).where(Case.class_code == line.place.code, Case.closed_at.is_(None)).order_by(Case.id)
    ending, stuck = divide(tx, locked(tx.session, wanted))
    if stuck:  # opened since the plan was made, or not for this person to end
        raise Refusal("open_cases", text("毕业班还有 {count} 件事项没有办结", count=len(stuck)))
    lapse_cases(tx, ending, "turn")
    done.lapsed += len(ending)


def _leave(tx: Transaction, line: ClassLine, destination: str | None) -> int:
    rows = tx.session.execute(
        select(Child.id).where(Child.class_code == line.place.code, Child.status == "on_file").with_for_update(of=Child)
    )
    ids = list(rows.scalars())
    learn_keys(tx.session, ids)
    values = {"status": LEFT, "left_kind": GRADUATED, "left_on": tx.today, "left_to": destination}
    for start in range(0, len(ids), CHUNK):
        tx.session.execute(
            update(Child)
            .where(Child.id.in_(ids[start : start + CHUNK]))
            .values(**values, rev=Child.rev + 1)
            .execution_options(synchronize_session=False)
        )
    changes: tuple[Change, ...] = (
        Change("status", CHILD["status"].protection, "on_file", LEFT),
        Change("left_kind", CHILD["left_kind"].protection, None, GRADUATED),
        Change("left_on", CHILD["left_on"].protection, None, tx.today.isoformat()),
    )
    if destination:
        changes += (Change("left_to", CHILD["left_to"].protection, None, destination),)
    for child_id in ids:
        codes = line.place.level_codes
        tx.tell(Happening("child.left", "child", child_id, codes, child_id, owner=child_id, changes=changes))
    return len(ids)


def _merge(tx: Transaction, plan: TurnPlan, choices: TurnChoices, done: Turned) -> None:
    for place_id, target_id in choices.merges.items():
        source, target = _place(plan, place_id), _place(plan, target_id)
        open_there = select(exists().where(Case.class_code == source.code, Case.child_id.is_(None),
                                           Case.closed_at.is_(None)))  # fmt: skip
        if tx.session.scalar(open_there):
            raise Refusal("open_cases", text("{place}还有没办结的班级事项", place=source.name))
        done.moved += move_class(tx, source, target)
        _close(tx, source, done)
        done.merged += 1


def _place(plan: TurnPlan, place_id: int) -> Place:
    line = plan.line(place_id)
    if line is None:
        raise Missing("no_place", text("没有这个单位，或不在你的范围内"))
    return line.place


def _close(tx: Transaction, place: Place, done: Turned) -> None:
    done.posts_ended += end_posts_at(tx, place)
    changes = put(place, PLACE, {"is_closed": True})
    tx.tell(Happening("place.closed", "place", place.id, place.level_codes, changes=changes))


def _rename(tx: Transaction, plan: TurnPlan, choices: TurnChoices, done: Turned) -> None:
    for line in _going_on(plan, choices):
        changes = put(line.place, PLACE, {"name": line.next_title})
        done.classes += 1
        if changes:
            codes = line.place.level_codes
            tx.tell(Happening("place.changed", "place", line.place.id, codes, changes=changes))
    tx.session.flush()


def _going_on(plan: TurnPlan, choices: TurnChoices) -> Iterator[ClassLine]:
    return (line for line in plan.classes if line.goes_on and line.place.id not in choices.merges)


def _make(tx: Transaction, plan: TurnPlan, choices: TurnChoices, done: Turned) -> dict[int, Place]:
    """Make the first-grade classes that the school lacks; return all of that grade by their number."""
    there = {
        place.number: place
        for place in tx.session.scalars(select(Place).where(Place.parent_id == plan.school.id, Place.kind == "class"))
        if place.cohort == plan.entry_cohort
    }
    entry: dict[int, Place] = {}
    for number in range(1, choices.new_classes + 1):
        if number in there:
            entry[number] = there[number]
            continue
        entry[number] = make_class(tx, plan.school, first_grade(plan.school.stage), number, plan.first_year)
        done.made += 1
    return entry


def _appoint(tx: Transaction, plan: TurnPlan, choices: TurnChoices, made: Mapping[int, Place], done: Turned) -> None:
    merged = set(choices.merges)
    wanted: Sequence[tuple[Place, int]] = [
        *((_place(plan, place_id), staff_id) for place_id, staff_id in choices.teachers.items()
          if place_id not in merged),
        *((made[number], staff_id) for number, staff_id in choices.new_teachers.items() if number in made),
    ]  # fmt: skip
    for place, staff_id in wanted:
        done.teachers += give_class(tx, place, staff_id)


def _record(tx: Transaction, school: Place, first_year: int, done: Turned) -> None:
    turn = SchoolTurn(
        id=new_id(),
        school_id=school.id,
        first_year=first_year,
        done_at=tx.now,
        done_by=tx.actor.staff_id,
        counts=asdict(done),
    )
    turn.place_at(school.level_codes)
    tx.session.add(turn)
    message = text("{place}这个学年已经更替过", place=school.name)
    flush_unique(tx, "already_turned", message, "school", "school_turn.school_id", "uq_school_turn_school_id")
    facts = {"first_year": first_year, **asdict(done)}
    tx.tell(Happening("school.turned", "place", school.id, codes=school.level_codes, facts=facts))
    tx.send("school.turned", "inbox", f"place:{school.code}", {"first_year": first_year})

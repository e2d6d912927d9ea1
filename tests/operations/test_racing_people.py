"""Six people at once on every kind of act of a decision: each happens once, on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from models.case import Case, CaseMove
from models.clock import CaseClock, ClockFiring
from models.scope import system_scope
from models.task import CaseCopy, CaseWatch
from tests.cast import NOW, Cast
from tests.deciding import Joint, open_joint, publish
from tests.ledger import FULL, RACED, RACERS, Ledger, races
from tests.racing import Act
from workflows.clock import local_day
from workflows.engine.vocabulary import Verb
from workflows.operations.deputy import Absence, name_deputy
from workflows.operations.firing import fire_due
from workflows.operations.many_cases import Result, move_cases
from workflows.operations.watch import Watching, end_watch, watch_case
from workflows.policy import Permission

WHO = "{who: [principal@school, counsellor@school, office@school], "
ALL, ANY, IN_ORDER = WHO + "mode: all}", WHO + "mode: any}", WHO + "mode: all, order: sequence}"
SHARE = WHO + "mode: ratio, ratio: 2/3}"
LATE = ALL + "\n    deadline: {after: 1 days, at: [{100%: remind}, {150%: assign office@township}]}"
THREE = ("tan", "meng", "qin")
OTHERS = {"step", "all", "any", "ratio", "sequence", "reply", "unwatch", "bulk", "timer", "deputy"}
cases = pytest.mark.parametrize("cases", [2, pytest.param(FULL, marks=pytest.mark.deep)])


@pytest.fixture(scope="module")
def ledger(shared_cast: Cast) -> Iterator[Ledger]:
    """Counts what was raced on a database."""
    found = Ledger(shared_cast)
    yield found
    found.keep()


def _asked(cast: Cast) -> Joint:
    """Open a case and submit it to those who decide."""
    joint = open_joint(cast)
    joint.act("zhou", "submit")
    return joint


def _moves(joint: Joint) -> list[str]:
    with joint.cast.database.session(system_scope("tests")) as session:
        moves = select(CaseMove.transition).join(Case, Case.id == CaseMove.case_id).where(Case.number == joint.number)
        return list(session.scalars(moves.order_by(CaseMove.id)))


def _case(joint: Joint) -> Case:
    with joint.cast.database.session(system_scope("tests")) as session:
        return session.scalars(select(Case).where(Case.number == joint.number)).one()


def _as(joint: Joint, do: Callable[..., object], login: str, *more: object, **named: object) -> Act:
    return lambda: do(login, *more, **named)


def _agree(joint: Joint, *logins: str) -> list[Act]:
    return [_as(joint, joint.act, login, "agree") for login in logins]


def _bulk(cast: Cast, login: str, ids: list[int], transition: str) -> Act:
    def moves() -> Result:
        with cast.acting(login, Permission.CASE_ACT) as tx:
            return move_cases(tx, ids, transition, {"reason": "停办"})

    return moves


def _watch(joint: Joint, login: str) -> Act:
    def watches() -> None:
        with joint.cast.acting(login, Permission.CASE_WATCH) as tx:
            watch_case(tx, joint.number, Watching("请尽快"))

    return watches


def _unwatch(joint: Joint, login: str) -> Act:
    def ends() -> None:
        with joint.cast.acting(login, Permission.CASE_WATCH) as tx:
            end_watch(tx, joint.number)

    return ends


def _told(joint: Joint, action: str) -> int:
    return len([event for event in joint.cast.events(action) if event["facts"]["number"] == joint.number])


def test_whatever_people_can_do_is_raced() -> None:
    assert OTHERS | (set(Verb) - {Verb.DRAFT}) == RACED  # a draft is its writer's own


@cases
@races("all")
def test_three_voices_sent_twice_count_three_and_decide_once(shared_cast: Cast, ledger: Ledger, cases: int) -> None:
    publish(shared_cast, ALL)
    for _ in range(cases):
        joint = _asked(shared_cast)
        assert len(ledger.race(*_agree(joint, *THREE))) == 3
        assert joint.state == "agreed"
        assert _moves(joint) == ["open", "submit", "agree"]


@cases
@races("any", "ratio")
@pytest.mark.parametrize(("tasks", "voices"), [(ANY, 1), (SHARE, 2)])
def test_no_more_voices_are_heard_than_it_takes(
    shared_cast: Cast, ledger: Ledger, tasks: str, voices: int, cases: int
) -> None:
    publish(shared_cast, tasks)
    for _ in range(cases):
        joint = _asked(shared_cast)
        assert len(ledger.race(*_agree(joint, *THREE))) == voices
        done = [row.status for row in joint.rows()].count("done")
        assert done == (voices if tasks is SHARE else 0)  # where one voice is enough nobody is given a seat
        assert _moves(joint) == ["open", "submit", "agree"]


@cases
@races("sequence")
def test_nobody_speaks_before_their_turn(shared_cast: Cast, ledger: Ledger, cases: int) -> None:
    publish(shared_cast, IN_ORDER)
    for _ in range(cases):
        joint = _asked(shared_cast)
        spoken = len(ledger.race(*_agree(joint, *THREE)))
        assert [row.status for row in joint.rows()] == (["done"] * spoken + ["open", "waiting", "waiting"])[:3]
        for login in THREE[spoken:]:
            joint.act(login, "agree")
        assert _moves(joint) == ["open", "submit", "agree"]


@cases
@races("step")
def test_of_six_who_submit_one_does_and_seats_are_given_once(shared_cast: Cast, ledger: Ledger, cases: int) -> None:
    publish(shared_cast, ALL)
    for _ in range(cases):
        joint = open_joint(shared_cast)
        assert len(ledger.race(_as(joint, joint.act, "zhou", "submit"))) == 1
        assert len(joint.rows()) == 3


@cases
@races("return", "terminate")
@pytest.mark.parametrize(
    ("login", "transition", "target", "state"),
    [("tan", "return_it", "draft", "draft"), ("qin", "stop", None, "refused")],
)
def test_a_case_is_sent_back_and_stopped_once(
    shared_cast: Cast, ledger: Ledger, login: str, transition: str, target: str | None, state: str, cases: int
) -> None:
    publish(shared_cast, ALL)
    for _ in range(cases):
        joint = _asked(shared_cast)
        assert len(ledger.race(_as(joint, joint.act, login, transition, target=target))) == 1
        assert (joint.state, _moves(joint)) == (state, ["open", "submit", transition])


@cases
@races("return", "terminate")
def test_a_voice_against_a_return_and_a_stop_leave_one_outcome(shared_cast: Cast, ledger: Ledger, cases: int) -> None:
    publish(shared_cast, ALL)
    for _ in range(cases):
        joint = _asked(shared_cast)
        ledger.race(
            _as(joint, joint.act, "tan", "refuse"),
            _as(joint, joint.act, "meng", "return_it", target="draft"),
            _as(joint, joint.act, "qin", "stop"),
        )
        assert len(_moves(joint)) in (3, 4)  # a stop may still follow a return
        assert joint.state in ("refused", "draft")
        assert "open" not in {row.status for row in joint.rows()}


@cases
@races(Verb.HAND_OVER, Verb.DELEGATE, Verb.ADD_SIGNER, Verb.RECUSE)
@pytest.mark.parametrize(
    ("verb", "to", "seats", "more"),
    [
        (Verb.HAND_OVER, ("chen",), 4, {}),
        (Verb.DELEGATE, ("chen",), 4, {}),
        (Verb.ADD_SIGNER, ("chen",), 4, {}),
        (Verb.ADD_SIGNER, ("chen",), 4, {"after": True}),
        (Verb.RECUSE, (), 3, {}),
    ],
)
def test_what_one_person_sends_six_times_happens_once(
    shared_cast: Cast, ledger: Ledger, verb: Verb, to: tuple[str, ...], seats: int, more: dict[str, bool], cases: int
) -> None:
    publish(shared_cast, ALL)
    for _ in range(cases):
        joint = _asked(shared_cast)
        assert len(ledger.race(_as(joint, joint.use, "tan", verb, *to, **more))) == 1
        assert len(joint.rows()) == seats


@cases
@races(Verb.REMOVE_SIGNER)
def test_a_signer_is_taken_off_once_or_speaks(shared_cast: Cast, ledger: Ledger, cases: int) -> None:
    publish(shared_cast, ALL)
    for _ in range(cases):
        joint = _asked(shared_cast)
        joint.use("tan", Verb.ADD_SIGNER, "chen")
        (seat,) = [row.id for row in joint.rows() if row.origin == "added_before"]
        came = ledger.race(_as(joint, joint.use, "tan", Verb.REMOVE_SIGNER, seat=seat), *_agree(joint, "chen"))
        assert len(came) == 1
        assert {row.status for row in joint.rows() if row.id == seat} <= {"removed", "done"}
        for login in THREE:
            joint.act(login, "agree")
        assert joint.state == "agreed"


@cases
@races(Verb.CLAIM, Verb.RELEASE)
def test_of_three_who_claim_twice_one_has_it_and_puts_it_back_once(
    shared_cast: Cast, ledger: Ledger, cases: int
) -> None:
    publish(shared_cast, ANY)
    for _ in range(cases):
        joint = _asked(shared_cast)
        came = ledger.race(*(_as(joint, joint.use, login, Verb.CLAIM) for login in THREE))
        open_now = [row for row in joint.rows() if row.status == "open"]
        assert len(came) == len(open_now) == 1
        assert len(joint.rows()) == 3
        (has_it,) = [login for login in THREE if shared_cast[login].name == open_now[0].name]
        assert len(ledger.race(_as(joint, joint.use, has_it, Verb.RELEASE))) == 1
        assert [row.status for row in joint.rows()] == ["open"] * 3


@cases
@races(Verb.WITHDRAW)
def test_a_step_is_taken_back_once(shared_cast: Cast, ledger: Ledger, cases: int) -> None:
    publish(shared_cast, ALL)
    for _ in range(cases):
        joint = _asked(shared_cast)
        assert len(ledger.race(_as(joint, joint.use, "zhou", Verb.WITHDRAW))) == 1
        assert _moves(joint) == ["open", "submit", "_withdrawn"]


@cases
@races(Verb.WITHDRAW)
def test_taking_back_and_speaking_at_once_never_both_happen(shared_cast: Cast, ledger: Ledger, cases: int) -> None:
    publish(shared_cast, ALL)
    for _ in range(cases):
        joint = _asked(shared_cast)
        came = ledger.race(_as(joint, joint.use, "zhou", Verb.WITHDRAW), *_agree(joint, "tan"))
        spoken = [row for row in joint.rows() if row.status == "done"]
        assert len(came) == 1
        assert bool(spoken) is (joint.state == "review")


@cases
@races(Verb.URGE)
def test_urging_counts_every_time(shared_cast: Cast, ledger: Ledger, cases: int) -> None:
    publish(shared_cast, ALL)
    for _ in range(cases):
        joint = _asked(shared_cast)
        came = ledger.race(_as(joint, joint.use, "zhou", Verb.URGE))
        assert _case(joint).urged == len(came) == RACERS


@cases
@races(Verb.COPY)
def test_one_request_for_copies_sends_them_once_however_often_it_is_sent(
    shared_cast: Cast, ledger: Ledger, cases: int
) -> None:
    publish(shared_cast, ALL)
    for _ in range(cases):
        joint = _asked(shared_cast)
        key = f"copies-{joint.number}"
        assert len(ledger.race(_as(joint, joint.use, "zhou", Verb.COPY, "meng", "chen", key=key))) == RACERS
        with shared_cast.database.session(system_scope("tests")) as session:
            sent = select(CaseCopy.staff_id).where(CaseCopy.case_id == _case(joint).id)
            assert sorted(session.scalars(sent)) == sorted(shared_cast[one].staff_id or 0 for one in ("meng", "chen"))
        assert _told(joint, "case.copied") == 1


@cases
@races("reply")
def test_a_question_is_answered_once(shared_cast: Cast, ledger: Ledger, cases: int) -> None:
    publish(shared_cast, ALL)
    for _ in range(cases):
        joint = _asked(shared_cast)
        joint.use("tan", Verb.DELEGATE, "chen")
        assert len(ledger.race(_as(joint, joint.reply, "chen"))) == 1
        assert [row.status for row in joint.rows() if row.origin == "delegated"] == ["done"]


@cases
@races(Verb.WATCH, "unwatch")
def test_each_watches_once_and_ends_it_once(shared_cast: Cast, ledger: Ledger, cases: int) -> None:
    publish(shared_cast, ALL)
    for _ in range(cases):
        joint = _asked(shared_cast)
        assert len(ledger.race(_watch(joint, "tan"), _watch(joint, "chen"))) == 2
        assert _told(joint, "case.watched") == 2
        assert len(ledger.race(_unwatch(joint, "tan"))) == RACERS
        assert _told(joint, "case.unwatched") == 1


@cases
@races(Verb.WATCH, "terminate")
def test_no_watch_outlives_its_case(shared_cast: Cast, ledger: Ledger, cases: int) -> None:
    publish(shared_cast, ALL)
    for _ in range(cases):
        joint = _asked(shared_cast)
        ledger.race(_watch(joint, "tan"), _as(joint, joint.act, "qin", "stop"))
        assert joint.state == "refused"
        with shared_cast.database.session(system_scope("tests")) as session:
            runs = select(CaseWatch.id).where(CaseWatch.case_id == _case(joint).id, CaseWatch.ended_at.is_(None))
            assert session.scalars(runs).all() == []


@cases
@races("deputy")
def test_a_deputy_and_whoever_they_stand_in_for_have_one_voice(shared_cast: Cast, ledger: Ledger, cases: int) -> None:
    publish(shared_cast, "{who: [principal@school, office@school], mode: all}", key="deputed")
    with shared_cast.acting("tan", Permission.CASE_ACT) as tx:
        day, meng = local_day(NOW), shared_cast["meng"].staff_id or 0
        name_deputy(tx, shared_cast["tan"].staff_id or 0, Absence(meng, day, day, ("deputed",)))
    for _ in range(cases):
        joint = open_joint(shared_cast, key="deputed")
        joint.act("zhou", "submit")
        assert len(ledger.race(*_agree(joint, "tan", "meng"))) == 1
        assert [row.status for row in joint.rows()] == ["done", "open"]


@cases
@races("bulk", "step")
def test_many_and_one_at_once_take_a_step_once(shared_cast: Cast, ledger: Ledger, cases: int) -> None:
    publish(shared_cast, ALL)
    for _ in range(cases):
        joint = open_joint(shared_cast)
        bulk = _bulk(shared_cast, "zhou", [_case(joint).id], "submit")
        assert len(ledger.race(bulk, _as(joint, joint.act, "zhou", "submit"))) == 1
        assert _moves(joint) == ["open", "submit"]
        assert len(joint.rows()) == 3


@cases
@races("bulk", "terminate")
def test_six_who_stop_the_same_many_stop_each_once(shared_cast: Cast, ledger: Ledger, cases: int) -> None:
    publish(shared_cast, ALL)
    every = [open_joint(shared_cast) for _ in range(cases)]
    ids = [_case(joint).id for joint in every]
    orders = [ids, ids[::-1], ids[cases // 2 :] + ids[: cases // 2]]
    came = ledger.race(*(_bulk(shared_cast, "qin", order, "stop") for order in orders))
    assert sum(done.moved for done in came if isinstance(done, Result)) == cases
    assert all(_moves(joint) == ["open", "stop"] for joint in every)
    assert all(_told(joint, "case.moved") == 1 for joint in every)


@cases
@races("timer")
def test_a_clock_takes_its_steps_once_while_people_speak(shared_cast: Cast, ledger: Ledger, cases: int) -> None:
    publish(shared_cast, LATE)
    late = NOW + timedelta(days=3)
    for number in range(cases):
        joint = _asked(shared_cast)

        def fires() -> int:
            return fire_due(shared_cast.database, late)

        voices = _agree(joint, "tan") if number % 2 else []
        fired = sum(came for came in ledger.race(fires, *voices) if isinstance(came, int)) + fires()
        assert fired == 1  # whoever found the case held by a voice left it to the next round
        with shared_cast.database.session(system_scope("tests")) as session:
            rungs = select(ClockFiring.rung).join(CaseClock, CaseClock.id == ClockFiring.clock_id)
            assert sorted(session.scalars(rungs.where(CaseClock.case_id == _case(joint).id))) == [0, 1]
        seats = [row for row in joint.rows() if row.status == "open"]
        assert {row.name for row in seats} == {"柳溪镇"}
        for _ in seats:
            joint.act("chen", "agree")
        assert _moves(joint) == ["open", "submit", "agree"]

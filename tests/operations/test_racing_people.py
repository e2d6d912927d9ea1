"""Six people at once on every kind of act of a decision: each happens once, on both databases."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from models.case import Case, CaseMove
from models.scope import system_scope
from tests.cast import Cast
from tests.deciding import Joint, begin, open_joint, publish
from tests.racing import Act, at_once
from workflows.engine.vocabulary import Verb

RACERS = 6
TOLD = {
    "someone_was_faster", "changed_meanwhile", "not_from_here", "not_your_part", "closed", "already_open",
    "seated_already", "claimed_already", "acted_already", "no_pool", "own_turn", "nobody_left", "spoken_already",
    "cannot_withdraw", "only_reply", "no_case",
}  # fmt: skip
ALL = "{who: [principal@school, counsellor@school, office@school], mode: all}"
ANY = "{who: [principal@school, counsellor@school, office@school], mode: any}"
cases = pytest.mark.parametrize("cases", [2, pytest.param(40, marks=pytest.mark.deep)])


def _race(joint: Joint, *acts: Act) -> list[object]:
    """Let six act at once; return what came through, after seeing that the others were told why not."""
    six = [acts[number % len(acts)] for number in range(RACERS)]
    found = at_once(*six)
    refused = [answer for answer in found if isinstance(answer, str | Exception)]
    assert {str(answer) for answer in refused} <= TOLD
    return [answer for answer in found if not isinstance(answer, str | Exception)]


def _moves(joint: Joint) -> list[str]:
    with joint.cast.database.session(system_scope("tests")) as session:
        moves = select(CaseMove.transition).join(Case, Case.id == CaseMove.case_id).where(Case.number == joint.number)
        return list(session.scalars(moves.order_by(CaseMove.id)))


def _as(joint: Joint, do: Callable[..., object], login: str, *more: object, **named: object) -> Act:
    return lambda: do(login, *more, **named)


@cases
def test_three_voices_sent_twice_count_three_and_decide_once(shared_cast: Cast, cases: int) -> None:
    for _ in range(cases):
        joint = begin(shared_cast, ALL)
        came = _race(joint, *(_as(joint, joint.act, login, "agree") for login in ("tan", "meng", "qin")))
        assert len(came) == 3
        assert joint.state == "agreed"
        assert _moves(joint) == ["open", "submit", "agree"]


@cases
def test_of_six_who_submit_one_does_and_seats_are_given_once(shared_cast: Cast, cases: int) -> None:
    publish(shared_cast, ALL)
    for _ in range(cases):
        joint = open_joint(shared_cast)
        assert len(_race(joint, _as(joint, joint.act, "zhou", "submit"))) == 1
        assert len(joint.rows()) == 3


@cases
def test_a_voice_against_a_return_and_a_stop_leave_one_outcome(shared_cast: Cast, cases: int) -> None:
    for _ in range(cases):
        joint = begin(shared_cast, ALL)
        _race(
            joint,
            _as(joint, joint.act, "tan", "refuse"),
            _as(joint, joint.act, "meng", "return_it", target="draft"),
            _as(joint, joint.act, "qin", "stop"),
        )
        assert len(_moves(joint)) in (3, 4)  # a stop may still follow a return
        assert joint.state in ("refused", "draft")
        assert "open" not in {row.status for row in joint.rows()}


@cases
@pytest.mark.parametrize(
    ("verb", "to", "tasks"),
    [
        (Verb.HAND_OVER, ("chen",), ALL),
        (Verb.DELEGATE, ("chen",), ALL),
        (Verb.ADD_SIGNER, ("chen",), ALL),
        (Verb.RECUSE, (), ALL),
    ],
)
def test_what_one_person_sends_six_times_happens_once(
    shared_cast: Cast, verb: Verb, to: tuple[str, ...], tasks: str, cases: int
) -> None:
    for _ in range(cases):
        joint = begin(shared_cast, tasks)
        assert len(_race(joint, _as(joint, joint.use, "tan", verb, *to))) == 1
        assert len(joint.rows()) == (3 if verb is Verb.RECUSE else 4)


@cases
def test_of_three_who_claim_twice_one_has_it(shared_cast: Cast, cases: int) -> None:
    for _ in range(cases):
        joint = begin(shared_cast, ANY)
        came = _race(joint, *(_as(joint, joint.use, login, Verb.CLAIM) for login in ("tan", "meng", "qin")))
        open_now = [row for row in joint.rows() if row.status == "open"]
        assert len(came) == len(open_now) == 1
        assert len(joint.rows()) == 3


@cases
def test_a_step_is_taken_back_once(shared_cast: Cast, cases: int) -> None:
    for _ in range(cases):
        joint = begin(shared_cast, ALL)
        assert len(_race(joint, _as(joint, joint.use, "zhou", Verb.WITHDRAW))) == 1
        assert _moves(joint) == ["open", "submit", "_withdrawn"]


@cases
def test_taking_back_and_speaking_at_once_never_both_happen(shared_cast: Cast, cases: int) -> None:
    for _ in range(cases):
        joint = begin(shared_cast, ALL)
        came = _race(joint, _as(joint, joint.use, "zhou", Verb.WITHDRAW), _as(joint, joint.act, "tan", "agree"))
        spoken = [row for row in joint.rows() if row.status == "done"]
        assert len(came) == 1
        assert bool(spoken) is (joint.state == "review")


@cases
def test_urging_counts_every_time(shared_cast: Cast, cases: int) -> None:
    for _ in range(cases):
        joint = begin(shared_cast, ALL)
        came = _race(joint, _as(joint, joint.use, "zhou", Verb.URGE))
        assert shared_cast.case(joint.number).urged == len(came) == RACERS


@cases
def test_a_question_is_answered_once(shared_cast: Cast, cases: int) -> None:
    for _ in range(cases):
        joint = begin(shared_cast, ALL)
        joint.use("tan", Verb.DELEGATE, "chen")
        assert len(_race(joint, lambda: joint.reply("chen"))) == 1  # noqa: B023
        assert [row.status for row in joint.rows() if row.origin == "delegated"] == ["done"]

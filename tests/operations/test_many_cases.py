"""One transition over many cases: the verdicts of each singly, one event each, carried on after a kill."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import pytest
from sqlalchemy import event, select

from models.case import Case, CaseMove
from models.clock import CaseClock
from models.job import Job, JobChunk
from models.reports.case_list import CasesWanted, case_numbers, count_by_state, count_up_to
from models.reports.jobs import Far, how_far, jobs_of_colleagues, own_job, own_jobs, refused_in
from models.scope import system_scope
from models.staff import Staff
from tests.cast import NOW, POLICY, Cast
from tests.deciding import begin as begin_joint
from tests.playing import stand, trace
from workflows.clock import local_day
from workflows.engine.published import workflow_version
from workflows.many_preview import Foretold, Plan, foretell
from workflows.operations import jobs
from workflows.operations.case import Request, act_on_case
from workflows.operations.jobs import Progress, cancel_job, progress_of, read_refused, run_chunk, run_jobs, start_job
from workflows.operations.many_cases import Result, move_cases
from workflows.people import actor_by_login
from workflows.policy import Permission
from workflows.refusal import Missing, Refusal
from workflows.verdicts import Asker, Judge


def _clock() -> Any:
    return NOW


def _ids(cast: Cast, numbers: Sequence[str]) -> list[int]:
    with cast.database.session(system_scope("tests")) as session:
        rows = session.execute(select(Case.number, Case.id).where(Case.number.in_(numbers)))
        found = {row.number: row.id for row in rows}
    return [found[number] for number in numbers]


def _move(cast: Cast, login: str, numbers: Sequence[str], transition: str, **said: str) -> Result:
    ids = _ids(cast, numbers)
    with cast.acting(login, Permission.CASE_ACT) as tx:
        return move_cases(tx, ids, transition, said)


def _confirmed(cast: Cast, many: int) -> list[str]:
    return [stand(cast, "identification", "confirmed").number for _ in range(many)]


@pytest.mark.parametrize(
    ("begun", "state", "transition", "to_state", "said"),
    [
        ("identification", "confirmed", "file", "filed", {}),
        ("identification", "confirmed", "send_back", "returned", {"reason": "请补监护人电话"}),  # with a form, singly
        ("archive", "gathering", "call_off", "called_off", {"reason": "先不归档"}),
    ],
)
def test_each_moves_with_its_move_and_its_event(
    cast: Cast, begun: str, state: str, transition: str, to_state: str, said: dict[str, str]
) -> None:
    numbers = [stand(cast, begun, state).number for _ in range(3)]
    before = [trace(cast, number) for number in numbers]
    assert _move(cast, "qin", numbers, transition, **said) == Result(3)
    for number, old in zip(numbers, before, strict=True):
        now = trace(cast, number)
        assert (now.state, now.rev, now.moves, now.events) == (to_state, old.rev + 1, old.moves + 1, old.events + 1)
    moved = cast.events("case.moved")[-3:]
    assert [one["facts"]["number"] for one in moved] == sorted(numbers)
    assert {(one["role"], one["grant_ref"][:2], one["actor_name"]) for one in moved} == {("office", "G-", "秦素芬")}
    assert [bool(one["reason"]) for one in moved] == [bool(said)] * 3


def test_many_leave_what_one_leaves(cast: Cast) -> None:
    """The rows of a case moved with others are those of a case moved alone, but for names and moments."""
    (alone,), (together,) = _confirmed(cast, 1), _confirmed(cast, 1)
    with cast.acting("qin", Permission.CASE_ACT) as tx:
        act_on_case(tx, alone, Request("file"))
    assert _move(cast, "qin", [together], "file").moved == 1
    assert _left(cast, alone) == _left(cast, together)


def _left(cast: Cast, number: str) -> dict[str, Any]:
    with cast.database.session(system_scope("tests")) as session:
        case = session.scalars(select(Case).where(Case.number == number)).one()
        moves = session.scalars(select(CaseMove).where(CaseMove.case_id == case.id).order_by(CaseMove.id)).all()
        clocks = session.scalars(select(CaseClock).where(CaseClock.case_id == case.id).order_by(CaseClock.id)).all()
        return {
            "case": (case.state, case.rev, case.due_at, case.open_slot, case.closed_at, case.state_since, case.urged),
            "moves": [(m.transition, m.from_state, m.to_state, m.actor_id, m.actor_role, m.at) for m in moves],
            "clocks": [(c.limit_key, c.due_at, c.next_at, c.stopped_at, c.missed_at, c.rung) for c in clocks],
        }


def test_the_refused_are_told_why_and_the_others_move(cast: Cast) -> None:
    good, bad = _confirmed(cast, 2), stand(cast, "identification", "open").number
    guarded = _confirmed(cast, 1)[0]
    with cast.database.transaction(system_scope("tests")) as session:
        case = session.scalars(select(Case).where(Case.number == guarded)).one()
        assert case.child is not None
        case.child.absence_since = None
    result = _move(cast, "qin", [*good, bad, guarded], "file")
    assert result.moved == 2
    assert {one.number: one.code for one in result.refused} == {bad: "not_from_here", guarded: "guard"}


def test_those_of_others_are_missing_and_those_one_may_not_move_are_refused(cast: Cast) -> None:
    numbers = _confirmed(cast, 1)
    assert [one.code for one in _move(cast, "bai", numbers, "file").refused] == ["no_case"]
    assert [one.code for one in _move(cast, "zhou", numbers, "file").refused] == ["not_your_part"]


def test_what_is_not_alike_is_done_singly_with_the_same_verdicts(cast: Cast) -> None:
    joint = begin_joint(cast, "{who: [principal@school, office@school], mode: all}")
    assert _move(cast, "tan", [joint.number], "agree", opinion="同意").moved == 1
    assert joint.seats() == {"覃明远": "done", "秦素芬": "open"}
    refused = _move(cast, "tan", [joint.number], "agree", opinion="同意").refused
    assert [one.code for one in refused] == ["not_your_part"]
    assert cast.events("case.spoken")[-1]["facts"]["seat"] == "覃明远"


def _start(cast: Cast, numbers: Sequence[str], login: str = "qin", key: str = "once", **said: str) -> int:
    ids = _ids(cast, numbers)
    with cast.acting(login, Permission.CASE_ACT) as tx:
        return start_job(tx, "identification", "send_back", ids, {"reason": "请补监护人电话", **said}, key)


def _progress(cast: Cast, job: int, login: str = "qin") -> Progress:
    with cast.database.session(system_scope("tests")) as session:
        return progress_of(session, cast[login].staff_id or 0, job)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "CHUNK", 2)


@pytest.mark.usefixtures("small")
def test_a_job_goes_on_chunk_by_chunk_and_tells_how_far_it_is(cast: Cast) -> None:
    numbers = _confirmed(cast, 5)
    job = _start(cast, numbers)
    assert _start(cast, numbers) == job  # the same request
    assert run_chunk(cast.database, _clock)
    now = _progress(cast, job)
    assert (now.state, now.total, now.seen, now.moved) == ("running", 5, 2, 2)
    assert run_jobs(cast.database, _clock) == 2
    done = _progress(cast, job)
    assert (done.state, done.seen, done.moved, done.refused) == ("done", 5, 5, ())
    assert not run_chunk(cast.database, _clock)
    assert [one["facts"]["moved_cases"] for one in cast.events("job.done")] == [5]


@pytest.mark.usefixtures("small")
def test_a_cancelled_job_moves_no_more(cast: Cast) -> None:
    numbers = _confirmed(cast, 4)
    job = _start(cast, numbers)
    run_chunk(cast.database, _clock)
    with pytest.raises(Missing), cast.acting("chen", Permission.CASE_ACT) as tx:
        cancel_job(tx, job)
    with cast.acting("qin", Permission.CASE_ACT) as tx:
        cancel_job(tx, job)
    assert not run_chunk(cast.database, _clock)
    assert (_progress(cast, job).state, _progress(cast, job).moved) == ("cancelled", 2)


@pytest.mark.usefixtures("small")
def test_a_job_of_somebody_who_may_act_no_more_is_broken_off(cast: Cast) -> None:
    job = _start(cast, _confirmed(cast, 4))
    run_chunk(cast.database, _clock)
    with cast.database.transaction(system_scope("tests")) as session:
        session.get_one(Staff, cast["qin"].staff_id).is_active = False
    run_jobs(cast.database, _clock)
    assert (_progress(cast, job).state, _progress(cast, job).moved) == ("broken_off", 2)


@pytest.mark.usefixtures("small")
def test_what_was_refused_in_a_job_is_told_with_its_words(cast: Cast) -> None:
    numbers = [*_confirmed(cast, 2), stand(cast, "identification", "open").number]
    job = _start(cast, numbers)
    run_jobs(cast.database, _clock)
    (refused,) = _progress(cast, job).refused
    assert (refused.number, refused.code, str(refused.message)) == (numbers[2], "not_from_here", "当前环节不能这样办理")
    with pytest.raises(Missing):
        _progress(cast, job, "chen")


@pytest.mark.parametrize(("transition", "numbers"), [("complete", 1), ("send_back", 0), ("nothing", 1)])
def test_what_cannot_be_done_in_many_is_refused_before_it_starts(cast: Cast, transition: str, numbers: int) -> None:
    ids = _ids(cast, _confirmed(cast, numbers))
    with pytest.raises(Refusal), cast.acting("qin", Permission.CASE_ACT) as tx:
        start_job(tx, "identification", transition, ids, {"reason": "请补"}, "once")


@pytest.mark.usefixtures("small")
def test_a_job_that_cannot_be_carried_on_holds_up_no_other(cast: Cast) -> None:
    broken, sound = _start(cast, _confirmed(cast, 2)), _start(cast, _confirmed(cast, 3), key="another")
    with cast.database.transaction(system_scope("tests")) as session:
        session.get_one(Job, broken).words_sealed = b"no key opens this"
    assert run_jobs(cast.database, _clock) == 2
    assert (_progress(cast, broken).state, _progress(cast, sound).state) == ("running", "done")


@pytest.mark.usefixtures("small")
def test_four_workers_do_each_chunk_once(cast: Cast) -> None:
    numbers = _confirmed(cast, 9)
    job = _start(cast, numbers)
    faults: list[Exception] = []

    def works() -> None:
        try:
            while run_chunk(cast.database, _clock):
                pass
        except Exception as fault:
            faults.append(fault)

    workers = [threading.Thread(target=works) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not faults
    run_jobs(cast.database, _clock)
    assert (_progress(cast, job).state, _progress(cast, job).moved) == ("done", 9)
    assert {trace(cast, number).rev for number in numbers} == {3}


class PowerCut(Exception):
    """What happens to a chunk here."""


@pytest.mark.usefixtures("small")
def test_a_chunk_that_dies_at_any_statement_leaves_nothing_and_is_done_again(cast: Cast) -> None:
    numbers = _confirmed(cast, 3)
    job = _start(cast, numbers)
    for number in count(1):
        cut, sent = _cut(cast, number)
        try:
            run_chunk(cast.database, _clock)
        except PowerCut:
            assert {trace(cast, one).rev for one in numbers} == {2}
        else:
            break
        finally:
            event.remove(cast.database.engine, "before_cursor_execute", cut)
    assert len(sent) > 10
    run_jobs(cast.database, _clock)
    assert (_progress(cast, job).state, _progress(cast, job).moved) == ("done", 3)
    assert {trace(cast, one).rev for one in numbers} == {3}


def _cut(cast: Cast, number: int) -> tuple[Callable[..., None], list[str]]:
    sent: list[str] = []

    def cuts(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        sent.append(statement)
        if len(sent) == number:
            raise PowerCut(statement)

    event.listen(cast.database.engine, "before_cursor_execute", cuts)
    return cuts, sent


def test_what_was_written_with_a_job_stands_sealed(cast: Cast) -> None:
    job = _start(cast, _confirmed(cast, 1), reason="监护人电话打不通")
    with cast.database.session(system_scope("tests")) as session:
        row = session.get_one(Job, job)
        assert row.words_sealed is not None
        assert "监护人电话打不通".encode() not in row.words_sealed
        assert session.scalars(select(JobChunk.refused)).all() == [[]]


@pytest.mark.parametrize("login", ["qin", "zhou", "chen", "bai"])
def test_what_is_foretold_is_what_happens(cast: Cast, login: str) -> None:
    """The verdicts shown before are those given when the cases move; nothing is written by asking for them."""
    good, bad = _confirmed(cast, 2), stand(cast, "identification", "open").number
    guarded = _confirmed(cast, 1)[0]
    with cast.database.transaction(system_scope("tests")) as session:
        case = session.scalars(select(Case).where(Case.number == guarded)).one()
        assert case.child is not None
        case.child.absence_since = None
    numbers = [*good, bad, guarded]
    before = [trace(cast, number) for number in numbers]
    told = _foretell(cast, login, numbers, "file")
    assert [trace(cast, number) for number in numbers] == before
    result = _move(cast, login, numbers, "file")
    visible = [one for one in result.refused if one.code != "no_case"]
    assert told.moving == result.moved
    assert {why: reason.count for why, reason in told.reasons.items()} == Counter(str(one.message) for one in visible)


def test_what_a_condition_counts_is_counted_before(cast: Cast) -> None:
    begun = stand(cast, "archive", "gathering")
    _permit(cast, begun.number, "seal")
    cast.open_case(begun.subject_id)
    with pytest.raises(Refusal):
        _permit(cast, begun.number, "seal")


def _permit(cast: Cast, number: str, transition: str) -> None:
    with cast.database.session(system_scope("tests")) as session:
        case = session.scalars(select(Case).where(Case.number == number)).one()
        version = workflow_version(session, case.definition_id)
        judge = Judge(Asker(session, cast["qin"], POLICY, NOW), version, transition, {})
        judge.fetch([case])
        judge.fetch_evidence(session, [case])
        judge.permit(case)


def test_seats_are_looked_at_before(cast: Cast) -> None:
    joint = begin_joint(cast, "{who: [principal@school, office@school], mode: all}")
    assert _foretell(cast, "tan", [joint.number], "agree", opinion="同意").moving == 1
    assert _move(cast, "tan", [joint.number], "agree", opinion="同意").moved == 1
    told = _foretell(cast, "tan", [joint.number], "agree", opinion="同意")
    assert (told.moving, list(told.reasons)) == (0, ["你已表示过意见，等其他人办理"])
    assert _foretell(cast, "qin", [joint.number], "agree", opinion="同意").moving == 1


def _foretell(cast: Cast, login: str, numbers: Sequence[str], transition: str, **said: str) -> Foretold:
    with cast.database.session(system_scope("tests")) as session:
        actor = actor_by_login(session, login, local_day(NOW)) or cast[login]
    scope = POLICY.scope(actor, Permission.CASE_LIST)
    ids = _ids(cast, numbers)
    parts = [ids[start : start + 2] for start in range(0, len(ids), 2)]
    plan = Plan(transition, said, said, actor, POLICY, NOW)
    with cast.database.session(system_scope("tests")) as everything:
        return foretell(lambda: cast.database.session(scope), everything, parts, plan)


@pytest.mark.usefixtures("small")
def test_how_far_a_job_is_is_counted_by_the_database(cast: Cast) -> None:
    numbers = [*_confirmed(cast, 3), stand(cast, "identification", "open").number, *_confirmed(cast, 1)]
    job, other = _start(cast, numbers), _start(cast, numbers, key="another")
    with cast.database.session(system_scope("tests")) as session:
        assert how_far(session, [job, other]) == {job: Far(0, 0), other: Far(0, 0)}
    run_chunk(cast.database, _clock)
    run_chunk(cast.database, _clock)
    with cast.database.session(system_scope("tests")) as session:
        assert how_far(session, [job])[job] == Far(4, 3)
        assert how_far(session, [job])[job].refused == 1
    run_jobs(cast.database, _clock)
    with cast.database.session(system_scope("tests")) as session:
        assert how_far(session, [job, other]) == {job: Far(5, 4), other: Far(5, 0)}
        refused = list(refused_in(session, other))
        assert [place[:2] for place in refused] == [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0)]
        assert [place[:2] for place in refused_in(session, other, at=(1, 1))] == [(1, 1), (2, 0)]
        assert str(read_refused(refused[0][2]).message) == "当前环节不能这样办理"


def test_two_at_once_with_one_key_start_one_job(cast: Cast) -> None:
    numbers, found = _confirmed(cast, 2), list[int]()
    workers = [threading.Thread(target=lambda: found.append(_start(cast, numbers))) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert (len(found), len(set(found))) == (4, 1)


def test_words_that_are_too_long_are_refused_and_not_cut(cast: Cast) -> None:
    with pytest.raises(Refusal) as refusal:
        _start(cast, _confirmed(cast, 1), reason="长" * 501)
    assert str(refusal.value.faults["reason"]) == "最多 500 字，现有 501 字"


def test_cases_are_counted_and_numbered_inside_the_scope(cast: Cast) -> None:
    own = [*_confirmed(cast, 3), stand(cast, "identification", "open").number]
    cast.open_case(cast.add_child("BX-2101"), "bai")
    wanted = CasesWanted("identification")
    with cast.database.session(POLICY.scope(cast["qin"], Permission.CASE_LIST)) as session:
        assert count_by_state(session, wanted) == {("identification", "confirmed"): 3, ("identification", "open"): 1}
        assert (count_up_to(session, wanted, 9), count_up_to(session, wanted, 3)) == (4, 3)
        parts = list(case_numbers(session, wanted, 3))
    assert [len(part) for part in parts] == [3, 1]
    assert sorted(one for part in parts for one in part) == sorted(_ids(cast, own))


def test_colleagues_jobs_are_those_of_accounts_in_reach(cast: Cast) -> None:
    first, second = (_start(cast, _confirmed(cast, 1), key=key) for key in ("one", "two"))
    own = cast["qin"].staff_id
    with cast.database.session(system_scope("tests")) as session:
        assert [job.id for job in own_jobs(session, own, before=None, limit=9)] == [second, first]
        assert [job.id for job in own_jobs(session, own, before=second, limit=9)] == [first]
        assert own_job(session, cast["chen"].staff_id, first) is None
    for login, seen in (("chen", ["秦素芬", "秦素芬"]), ("bai", [])):
        with cast.database.session(POLICY.scope(cast[login], Permission.STAFF_READ)) as session:
            assert [name for _job, name in jobs_of_colleagues(session, cast[login].staff_id, (), 9)] == seen
            assert jobs_of_colleagues(session, cast[login].staff_id, ["identification"], 9) == []

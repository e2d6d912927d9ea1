"""The verbs of a case beside its transitions: taking from a pool, passing on, asking others, sending copies, urging."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import update

from models.bulk import insert_rows
from models.case import Case
from models.place import Place
from models.task import CaseCopy
from models.types import new_id
from models.vault import learn_keys
from workflows import audit
from workflows.actor import Actor, Post
from workflows.colleagues import colleagues
from workflows.engine.allowed import acts, holding
from workflows.engine.decision import GONE, PENDING, SETTLED, Seat
from workflows.engine.machine import WITHDRAWN
from workflows.engine.published import WorkflowVersion, workflow_version
from workflows.engine.vocabulary import Verb
from workflows.operations.case import load_case
from workflows.operations.case_answers import Answered
from workflows.operations.case_standing import let_in
from workflows.operations.case_step import Moved, Step
from workflows.operations.case_trail import for_whom, of_case
from workflows.operations.repeated import answer_before, remember_answer
from workflows.operations.seats import Sitter, change, decision, give_seats, lock, place, seat_row, settle_seat, wake
from workflows.policy import Permission
from workflows.refusal import Denied, Refusal, faster
from workflows.seats import last_move, seats_of
from workflows.subjects import subject_of
from workflows.text import text
from workflows.transaction import Transaction
from workflows.verbs_open import REPLY, TAKEN_BACK

LONGEST_NOTE = 1_000
TOLD: Mapping[str, str] = {
    Verb.CLAIM: "case.claimed",
    Verb.RELEASE: "case.released",
    Verb.HAND_OVER: "case.handed_over",
    Verb.DELEGATE: "case.delegated",
    Verb.ADD_SIGNER: "case.signer_added",
    Verb.REMOVE_SIGNER: "case.signer_removed",
    Verb.RECUSE: "case.recused",
    Verb.COPY: "case.copied",
    Verb.URGE: "case.urged",
    REPLY: "case.replied",
}
MOST_PEOPLE = 30
GIVEN_WITH: Mapping[str, Verb] = {Verb.RELEASE: Verb.CLAIM}  # a verb that a workflow has because it has another


@dataclass(frozen=True)
class Asking:
    """What a person asks for: people concerned, what they write, whether before or after themselves, a request key."""

    to: Sequence[int] = ()
    note: str = ""
    after: bool = False
    seat: int | None = None
    rev: int | None = None
    key: str | None = None

    def digest(self, number: str, verb: str) -> str:
        """Return the mark by which the same request is told from another one that reuses its key."""
        content = [number, str(verb), sorted(self.to), self.note, self.after, self.seat]
        return hashlib.sha256(audit.canonical({"verb": content}).encode()).hexdigest()


@dataclass(frozen=True)
class _Use:
    """A verb being used: by whom, on which case, with which seats."""

    tx: Transaction
    case: Case
    version: WorkflowVersion
    asking: Asking
    seats: tuple[Seat, ...]

    def own(self) -> Seat:
        """Return the open seat of the person, given where there was none; raises Denied where it is not their turn."""
        seats = self.seats or give_seats(self.tx, self.case, self.version.workflow)
        for seat in seats:
            held = self.held(seat) if seat.status == "open" else None
            if held is not None:
                self.tx.post = held if isinstance(held, Post) else self.tx.post  # the trail says for whom
                return seat
        raise Denied("not_your_part", text("现在不由你办理"))

    def own_voice(self) -> Seat:
        """Return the open seat from which the person decides; raises as `own`, and where it is another's question."""
        seat = self.own()
        if seat.origin == "delegated":
            raise Refusal("only_reply", text("别人请你提的意见，只能由你回复"))
        return seat

    def held(self, seat: Seat) -> Post | Actor | None:
        """Return by what the person sits on a seat."""
        actor = self.tx.actor
        return holding(seat, actor, actor.posts_in(self.version.workflow.key, self.case.related_codes))

    def people(self, *, one: bool = False) -> list[Sitter]:
        """Return the people named, each of whom could be asked; raises Refusal otherwise."""
        wanted = list(dict.fromkeys(self.asking.to))
        with self.tx.directory() as everything:
            offered = colleagues(everything, self.case, self.tx.policy, self.tx.today)
        if not wanted or any(number not in offered for number in wanted) or self.tx.actor.staff_id in wanted:
            message = text("请从名单里选人，不能选自己")
            raise Refusal("bad_person", message, {"to": message})
        if len(wanted) > (1 if one else MOST_PEOPLE):
            message = text("只能选一个人") if one else text("一次最多选 {most} 人", most=MOST_PEOPLE)
            raise Refusal("too_many_people", message, {"to": message})
        return [Sitter(offered[number], number) for number in wanted]

    def seat(self, sitter: Sitter, of: Seat, origin: str, status: str) -> None:
        """Give somebody a seat that comes out of another one."""
        entry = last_move(self.tx.session, self.case.id).id
        row = seat_row(
            self.tx, self.case, entry, of.asked, sitter,
            origin=origin, status=status, position=of.position, from_id=of.id,
        )  # fmt: skip
        place(self.tx, self.case, [row])
        self.tx.send("case.asked", "inbox", f"staff:{sitter.staff_id}", {"case": self.case.number})


def use_verb(tx: Transaction, number: str, verb: Verb, asking: Asking) -> Moved:
    """Use a verb on a case; the same request key has one effect.

    Raises Missing for a case the person does not see, Denied where it is not theirs to do, Refusal where the case or
    what they wrote does not allow it, Stale when somebody was faster.
    """
    return _perform(tx, number, verb, asking)


def reply(tx: Transaction, number: str, asking: Asking) -> Moved:
    """Answer with an opinion where one was asked for; the seat of whoever asked opens again. Raises as `use_verb`."""
    return _perform(tx, number, REPLY, asking)


def _perform(tx: Transaction, number: str, verb: str, asking: Asking) -> Moved:
    mark = asking.digest(number, verb)
    if (before := answer_before(tx, asking.key, mark)) is not None:
        return Moved(**before)
    case = load_case(tx, number)
    version = workflow_version(tx.session, case.definition_id)
    tx.require(Permission.CASE_ACT, case.level_codes)
    if verb not in _USES or (verb != REPLY and GIVEN_WITH.get(verb, verb) not in version.workflow.verbs):
        raise Refusal("no_such_verb", text("这类事项没有这项操作"))
    if case.closed_at is not None and verb != Verb.COPY:
        raise Refusal("closed", text("这件事项已经办结"))
    if asking.rev is not None and asking.rev != case.rev:
        raise faster()
    _refuse_long(asking)
    lock(tx, case)
    use = _Use(tx, case, version, asking, seats_of(tx.session, case.id))
    moved = _USES[verb](use) or Moved(case.number, case.state, case.state, case.rev)
    if verb in TOLD:  # a step taken back is told as a move
        _tell(use, TOLD[verb])
    remember_answer(tx, asking.key, mark, asdict(moved))
    return moved


def _refuse_long(asking: Asking) -> None:
    if len(asking.note) > LONGEST_NOTE:
        message = text("最多 {most} 个字", most=LONGEST_NOTE)
        raise Refusal("too_long", message, {"note": message})


def _tell(use: _Use, action: str) -> None:
    case, asking = use.case, use.asking
    learn_keys(use.tx.session, [case.key_owner] if asking.note else [])
    facts: dict[str, Any] = {"state": case.state}
    facts |= {"staff": [str(number) for number in asking.to]} if asking.to else {}
    use.tx.tell(of_case(case, action, asking.note or None, facts | for_whom(use.tx)))


def _noted(use: _Use) -> str:
    if len(use.asking.note.strip()) < 2:
        message = text("请写明原因")
        raise Refusal("form_refused", message, {"note": message})
    return use.asking.note.strip()


def _acts_for(use: _Use) -> int | None:
    behalf = use.tx.post.behalf if use.tx.post is not None else None
    return behalf.staff_id if behalf is not None else None


def _claim(use: _Use) -> None:
    """Take a case from a pool, so that it waits for nobody else."""
    seat, actor = use.own(), use.tx.actor
    if seat.role is None:
        raise Refusal("no_pool", text("这件事项已经指定到人，不用认领"))
    if seat.staff_id is not None:
        raise Refusal("claimed_already", text("你已经认领了这件事项"))
    tasks = use.version.workflow.states[use.case.state].tasks
    is_for_one = tasks is None or tasks.mode == "any"
    if is_for_one and any(one.role is not None and one.staff_id for one in use.seats):
        raise Refusal("claimed_already", text("别人已经认领了这件事项"))
    change(use.tx, [seat.id], "open", {"staff_id": actor.staff_id, "name": actor.name})
    if is_for_one:
        now = seats_of(use.tx.session, use.case.id)
        others = [one.id for one in now if one.id != seat.id and one.status == "open" and one.origin == "asked"]
        change(use.tx, others, "open", {"status": "waiting"})


def _release(use: _Use) -> None:
    """Put a case back into the pool from which the person took it."""
    seat = use.own()
    if seat.role is None or seat.staff_id is None:
        raise Refusal("no_pool", text("你没有认领这件事项"))
    change(use.tx, [seat.id], "open", {"staff_id": None, "name": _pool_name(use, seat)})
    wake(use.tx, use.case, use.version.workflow)


def _pool_name(use: _Use, seat: Seat) -> str:
    with use.tx.directory() as everything:
        return everything.get_one(Place, seat.place_id or 0).name


def _hand_over(use: _Use) -> None:
    """Pass a seat on for good."""
    seat, (sitter,) = use.own_voice(), use.people(one=True)
    _noted(use)
    if not acts(seat, use.version.workflow, use.case.state):
        raise Refusal("only_reply", text("别人请你提的意见，只能由你回复"))
    settle_seat(use.tx, use.case, seat, "handed_over", opinion=use.asking.note, acted_for=_acts_for(use))
    use.seat(sitter, seat, "handed_over", "open")
    added = [one.id for one in use.seats if one.from_id == seat.id and one.status in PENDING]
    if added:
        now = seats_of(use.tx.session, use.case.id)
        new = next(one.id for one in now if (one.from_id, one.origin) == (seat.id, "handed_over"))
        change(use.tx, added, "waiting", {"from_id": new})


def _delegate(use: _Use) -> None:
    """Ask somebody for an opinion; the seat waits and comes back with the reply."""
    seat, (sitter,) = use.own_voice(), use.people(one=True)
    change(use.tx, [seat.id], "open", {"status": "lent"})
    use.seat(sitter, seat, "delegated", "open")


def _reply(use: _Use) -> None:
    """Answer the question that was asked; the seat it was asked from opens again."""
    seat = use.own()
    if acts(seat, use.version.workflow, use.case.state):
        raise Refusal("not_asked", text("没有人请你提意见"))
    settle_seat(use.tx, use.case, seat, "done", opinion=_noted(use), acted_for=_acts_for(use))
    if seat.origin == "delegated" and seat.from_id is not None:
        change(use.tx, [seat.from_id], "lent", {"status": "open"})
    wake(use.tx, use.case, use.version.workflow)


def _add_signer(use: _Use) -> None:
    """Let others sign before the person, or after them."""
    seat, people = use.own_voice(), use.people()
    if use.asking.after and not use.version.workflow.decided_in(use.case.state):
        raise Refusal("not_after", text("这一环节一办就走，只能在你之前加签"))
    answered = {one.id for one in use.seats if one.origin == "delegated" and one.status in SETTLED}
    seated = {one.staff_id for one in use.seats if one.status in PENDING | SETTLED and one.id not in answered}
    if any(sitter.staff_id in seated for sitter in people):
        message = text("其中有人已经在会签名单里")
        raise Refusal("seated_already", message, {"to": message})
    if use.asking.after:
        for sitter in people:
            use.seat(sitter, seat, "added_after", "waiting")
        return
    change(use.tx, [seat.id], "open", {"status": "waiting"})
    for sitter in people:
        use.seat(sitter, seat, "added_before", "open")


def _remove_signer(use: _Use) -> Moved | None:
    """Take back somebody whom the person added or asked, and who has not spoken yet."""
    seat = next((one for one in use.seats if one.id == use.asking.seat), None)
    asker = next((one for one in use.seats if seat is not None and one.id == seat.from_id), None)
    if seat is None or asker is None or seat.origin not in TAKEN_BACK or use.held(asker) is None:
        raise Denied("not_your_part", text("只能减去你自己加的人"))
    if seat.status not in PENDING:
        raise Refusal("spoken_already", text("已经表示过意见，不能减去"))
    change(use.tx, [seat.id], seat.status, {"status": "removed", "done_at": use.tx.now})
    if seat.origin == "delegated":
        change(use.tx, [asker.id], "lent", {"status": "open"})
    return _decide(use)


def _recuse(use: _Use) -> Moved | None:
    """Step back from a decision with a reason; somebody must be left to decide."""
    seat, note = use.own_voice(), _noted(use)
    tasks = use.version.workflow.states[use.case.state].tasks
    left = [one for one in use.seats if one.id != seat.id and one.status not in GONE and one.origin != "delegated"]
    if tasks is None or tasks.mode == "any" or not left:
        raise Refusal("nobody_left", text("回避后就没有人可以决定了，请改用转办"))
    settle_seat(use.tx, use.case, seat, "recused", opinion=note, acted_for=_acts_for(use))
    return _decide(use)


def _decide(use: _Use) -> Moved | None:
    """Move the case where what is left of the seats has decided."""
    seats = wake(use.tx, use.case, use.version.workflow)
    taken = decision(use.version.workflow, use.case.state, seats)
    return _step(use).take(taken, None, ()) if taken is not None else None


def _step(use: _Use) -> Step:
    subject = subject_of(use.tx.session, use.case)
    if subject is None:
        raise Refusal("no_subject", text("没有这件事项"))
    return Step(use.tx, use.case, use.version, subject, Answered(said={"reason": use.asking.note.strip()}))


def _withdraw(use: _Use) -> Moved:
    """Take one's own last step back while nobody has acted on it."""
    last, workflow = last_move(use.tx.session, use.case.id), use.version.workflow
    if last.actor_id != use.tx.actor.staff_id:
        raise Denied("not_your_part", text("只能撤回你自己刚办的一步"))
    done = workflow.transitions.get(last.transition)
    if last.from_state is None or done is None or done.effects or last.from_state == last.to_state:
        raise Refusal("cannot_withdraw", text("这一步不能撤回"))
    if any(seat.status in ("done", "lent", "handed_over", "recused") for seat in use.seats):
        raise Refusal("acted_already", text("后面的人已经办理，不能撤回"))
    return _step(use).take(WITHDRAWN, last.from_state, ())


def _copy(use: _Use) -> None:
    """Send the case to people to be read."""
    people = use.people()
    rows = [
        {
            "id": new_id(),
            "case_id": use.case.id,
            "staff_id": sitter.staff_id,
            "made_by": use.tx.actor.staff_id,
            "made_by_name": use.tx.actor.name,
            "made_at": use.tx.now,
        }
        for sitter in people
    ]
    insert_rows(use.tx.session, CaseCopy, rows)
    for sitter in people:
        if use.case.circle:
            let_in(use.tx, use.case, sitter._asdict())
        use.tx.send("case.copied", "inbox", f"staff:{sitter.staff_id}", {"case": use.case.number})


def _urge(use: _Use) -> None:
    """Urge those whose turn it is; the case counts how often."""
    if any(use.held(seat) is not None for seat in use.seats if seat.status == "open"):
        raise Refusal("own_turn", text("现在轮到你自己办理"))
    urged = update(Case).where(Case.id == use.case.id).values(urged=Case.urged + 1, urged_at=use.tx.now)
    use.tx.session.execute(urged.execution_options(synchronize_session=False))
    use.tx.send("case.urged", "inbox", f"case:{use.case.number}", {"case": use.case.number})


_USES: Mapping[str, Callable[[_Use], Moved | None]] = {
    Verb.CLAIM: _claim,
    Verb.RELEASE: _release,
    Verb.HAND_OVER: _hand_over,
    Verb.DELEGATE: _delegate,
    Verb.ADD_SIGNER: _add_signer,
    Verb.REMOVE_SIGNER: _remove_signer,
    Verb.RECUSE: _recuse,
    Verb.WITHDRAW: _withdraw,
    Verb.COPY: _copy,
    Verb.URGE: _urge,
    REPLY: _reply,
}

"""Random people who vote, pass on, ask back, add, take off and step back: the engine does what a plain model does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import count
from math import ceil

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from bench.figure import Figure
from bench.results import keep
from tests.cast import Cast
from tests.deciding import Joint, open_joint, publish
from workflows.engine.vocabulary import Verb
from workflows.operations.verbs import TAKEN_BACK
from workflows.refusal import Refusal

PEOPLE = ("tan", "meng", "qin", "chen")
ASKED = ("tan", "meng", "qin")  # whom the state asks, in this order
KINDS = {
    "joint_all": "mode: all",
    "joint_share": "mode: ratio, ratio: 2/3",
    "joint_half": "mode: ratio, ratio: 1/2",
    "joint_order": "mode: all, order: sequence",
    "joint_any": "mode: any",
}
ACTS = (
    "agree", "refuse", "return", "hand_over", "delegate", "reply", "before", "after", "take_off", "recuse", "withdraw",
    "stop", "claim", "release",
)  # fmt: skip
STEPS = 10_000
WAYS = st.lists(
    st.tuples(st.sampled_from(PEOPLE), st.sampled_from(ACTS), st.sampled_from(PEOPLE)), min_size=4, max_size=14
)
Way = list[tuple[str, str, str]]


@dataclass
class Voice:
    """One who was asked, with those whom they put before and behind themselves."""

    who: str
    number: int
    says: str | None = None
    is_gone: bool = False
    asks: str | None = None  # from whom they wait for an opinion
    added_by: str | None = None
    is_pool: bool = False  # asked by post: whoever holds it, until one of them claims it or passes it on
    is_claimed: bool = False
    before: list[Voice] = field(default_factory=list)
    after: list[Voice] = field(default_factory=list)

    def everyone(self) -> Iterator[Voice]:
        """Yield the voice and all that hang on it."""
        yield self
        for one in (*self.before, *self.after):
            yield from one.everyone()

    @property
    def is_heard(self) -> bool:
        return self.is_gone or self.says is not None

    def speakable(self) -> Iterator[Voice]:
        """Yield whose turn it is, while nobody is asked for an opinion."""
        if not self.is_heard and all(one.is_heard for one in self.before):
            yield self
        for one in self.before:
            yield from one.speakable()
        if self.is_heard:
            for one in self.after:
                yield from one.speakable()


@dataclass
class Model:
    """What should become of a case, said as plainly as possible."""

    kind: str
    state: str = "draft"
    voices: list[Voice] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    kept: set[int] | None = None  # while one has claimed it: whose turn it had been, but for the others of the pool
    is_touched: bool = False  # somebody spoke, answered, stepped back or passed on since it was submitted

    def submit(self) -> None:
        self.state, self.is_touched = "review", False
        self.voices = [Voice(who, next(self.numbers), is_pool=self.kind == "joint_any") for who in ASKED]
        self.kept = None

    def turns(self) -> list[Voice]:
        """Whose turn it is, in the order in which they were asked."""
        groups = [one for one in self.voices if not all(voice.is_gone for voice in one.everyone())]
        if self.kind == "joint_order":
            groups = [one for one in groups if self.says(one) is None][:1]
        if self.kept is None:
            return sorted((v for one in groups for v in one.speakable()), key=lambda voice: voice.number)
        found = [v for one in groups for v in one.speakable() if one.is_claimed or v.number in self.kept]
        return sorted(found, key=lambda voice: voice.number)

    def says(self, group: Voice) -> str | None:
        heard = [voice for voice in group.everyone() if not voice.is_gone]
        if any(voice.says == "refuse" for voice in heard):
            return "refuse"
        return "agree" if all(voice.says == "agree" for voice in heard) else None

    def decide(self) -> None:
        groups = [one for one in self.voices if not all(voice.is_gone for voice in one.everyone())]
        said = [self.says(one) for one in groups]
        if self.kind == "joint_any":
            first = next(filter(None, said), None)
            self.state = {"agree": "agreed", "refuse": "refused"}.get(first or "", self.state)
            return
        agreed, refused = said.count("agree"), said.count("refuse")
        if self.kind in ("joint_all", "joint_order"):
            wanted, is_lost = len(groups), refused > 0
        else:
            share = Fraction("2/3") if self.kind == "joint_share" else Fraction("1/2")
            wanted = max(1, ceil(share * len(groups)))
            is_lost = len(groups) - refused < wanted
        if agreed >= wanted:
            self.state = "agreed"
        elif is_lost:
            self.state = "refused"

    def seated(self) -> set[str]:
        voices = [voice for one in self.voices for voice in one.everyone() if not voice.is_gone]
        named = {voice.who for voice in voices if not voice.is_pool or voice.is_claimed}
        return named | {voice.asks for voice in voices if voice.asks}

    def do(self, who: str, act: str, other: str) -> bool:
        """Let somebody act, and tell whether they may."""
        if self.state != "review":
            return False
        turns = self.turns()
        asked = next((one for one in turns if one.asks == who), None)  # who was asked for an opinion
        own = next((one for one in turns if one.who == who and one.asks is None), None)
        if act == "reply":
            return self._reply(asked, own, who)
        if act in ("agree", "refuse", "return"):
            return self._speak(own, act)
        if act == "take_off":
            return self._take_off(who)
        if act == "withdraw":
            return self._withdraw()
        if act == "stop":
            return self._stop(turns, who)
        # A verb takes the first seat on which the person sits, the one they give an opinion on among them.
        first = self._first(who)
        if act == "recuse":
            return self._recuse(own, first)
        if act in ("claim", "release"):
            return self._claim(first) if act == "claim" else self._release(first)
        if own is None or first is not own or other == who:
            return False
        return self._pass(own, act, other)

    def _first(self, who: str) -> Voice | None:
        open_now = [one for one in self.turns() if who == (one.asks or one.who)]
        return min(open_now, key=lambda one: self.opinions.get(one.number, one.number), default=None)

    opinions: dict[int, int] = field(default_factory=dict)

    def _reply(self, asked: Voice | None, own: Voice | None, who: str) -> bool:
        if asked is None or self._first(who) is not asked:
            return False
        asked.asks, self.is_touched = None, True
        return True

    def _claim(self, first: Voice | None) -> bool:
        """Take it upon oneself: the others of the pool wait, whoever was asked beside them goes on."""
        if first is None or first.asks or not first.is_pool or self.kept is not None:
            return False
        others = [one for one in self.turns() if one is not first]
        self.kept = {one.number for one in others if not one.is_pool or one.asks}
        first.is_claimed = True
        return True

    def _release(self, first: Voice | None) -> bool:
        if first is None or first.asks or not (first.is_pool and first.is_claimed):
            return False
        first.is_claimed, self.kept = False, None
        return True

    def _withdraw(self) -> bool:
        """Let whoever submitted it take it back while nobody has done anything."""
        if self.is_touched or any(voice.asks for group in self.voices for voice in group.everyone()):
            return False
        self.state = "draft"
        return True

    def _stop(self, turns: list[Voice], who: str) -> bool:
        """Stop the case: from the seat of the office, by whoever sits on it now or was added to it."""
        offices = [voice for voice in self.voices[ASKED.index("qin")].everyone() if not voice.is_gone]
        may = any(one.who == who and one.asks is None for one in turns if one in offices)
        self.state = "refused" if may else self.state
        return may

    def _speak(self, own: Voice | None, act: str) -> bool:
        if own is None:
            return False
        if act == "return":
            self.state = "draft"
            return True
        own.says, self.is_touched = act, True
        self.decide()
        return True

    def _take_off(self, who: str) -> bool:
        """Take back the first whom the person added or asked and who has not spoken."""
        everyone = [voice for group in self.voices for voice in group.everyone() if not voice.is_gone]
        asked = [(self.opinions[one.number], one) for one in everyone if one.asks and one.who == who]
        added = [
            (one.number, one) for one in everyone if one.added_by and one.says is None and self._adder(one).who == who
        ]
        for _number, one in sorted([*asked, *added], key=lambda pair: pair[0])[:1]:
            if one.asks and one.who == who:
                one.asks = None
            else:
                one.is_gone = True
            self.decide()
            return True
        return False

    def _adder(self, added: Voice) -> Voice:
        everyone = [voice for group in self.voices for voice in group.everyone()]
        return next(voice for voice in everyone if added in (*voice.before, *voice.after))

    def _recuse(self, own: Voice | None, first: Voice | None) -> bool:
        left = [v for group in self.voices for v in group.everyone() if not v.is_gone and v is not own]
        if own is None or first is not own or not left or self.kind == "joint_any":
            return False
        own.is_gone = self.is_touched = True
        self.decide()
        return True

    def _pass(self, own: Voice, act: str, other: str) -> bool:
        kept = self.kept is not None and own.number in self.kept
        if act == "hand_over":
            own.who, own.number, self.is_touched, own.is_pool = other, next(self.numbers), True, False
            self._keep(own.number, kept)
            return True
        if act == "delegate":
            own.asks = other
            self.opinions[own.number] = next(self.numbers)
            return True
        if other in self.seated():
            return False
        added = Voice(other, next(self.numbers), added_by=own.who)
        (own.before if act == "before" else own.after).append(added)
        if act == "before" and kept and self.kept is not None:
            self.kept.discard(own.number)
            self._keep(added.number, kept)
        return True

    def _keep(self, number: int, kept: bool) -> None:
        if kept and self.kept is not None:
            self.kept.add(number)


def _do(joint: Joint, who: str, act: str, other: str) -> bool:
    """Let somebody act in the engine, and tell whether they may."""
    try:
        match act:
            case "agree" | "refuse":
                joint.act(who, act)
            case "return":
                joint.act(who, "return_it", target="draft")
            case "withdraw":
                joint.use("zhou", Verb.WITHDRAW)
            case "stop":
                joint.act(who, "stop")
            case "claim":
                joint.use(who, Verb.CLAIM)
            case "release":
                joint.use(who, Verb.RELEASE)
            case "reply":
                joint.reply(who)
            case "take_off":
                return _take_off(joint, who)
            case "recuse":
                joint.use(who, Verb.RECUSE)
            case "hand_over":
                joint.use(who, Verb.HAND_OVER, other)
            case "delegate":
                joint.use(who, Verb.DELEGATE, other)
            case _:
                joint.use(who, Verb.ADD_SIGNER, other, after=act == "after")
    except Refusal:
        return False
    return True


def _take_off(joint: Joint, who: str) -> bool:
    for row in joint.rows():
        if row.origin in TAKEN_BACK and row.status in ("open", "waiting", "lent"):
            try:
                joint.use(who, Verb.REMOVE_SIGNER, seat=row.id)
            except Refusal:
                continue
            return True
    return False


@pytest.fixture(scope="module")
def published(shared_cast: Cast) -> Cast:
    for key, mode in KINDS.items():
        publish(shared_cast, f"{{who: [principal@school, counsellor@school, office@school], {mode}}}", key=key)
    return shared_cast


def _run(cast: Cast, kind: str, way: Way) -> int:
    """Go a way in the engine and in the model, and return how many steps it had."""
    joint, model = open_joint(cast, key=kind), Model(kind)
    done: list[str] = []
    for who, act, other in way:
        if model.state == "draft":
            joint.act("zhou", "submit")
            model.submit()
        should = model.do(who, act, other)
        did = _do(joint, who, act, other)
        done.append(f"{who} {act} {other}: {should}")
        assert (did, joint.state) == (should, model.state), (kind, done)
        if model.state in ("agreed", "refused"):
            event(model.state)
            assert "open" not in {row.status for row in joint.rows()}
            break
    else:
        event("open")
    return len(done)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(kind=st.sampled_from(sorted(KINDS)), way=WAYS)
def test_the_engine_does_what_the_model_does(published: Cast, kind: str, way: Way) -> None:
    _run(published, kind, way)


@pytest.mark.deep
def test_the_engine_does_what_the_model_does_for_ten_thousand_steps(published: Cast) -> None:
    began, taken = time.monotonic(), [0, 0]

    @settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
    @given(kind=st.sampled_from(sorted(KINDS)), way=WAYS)
    def goes(kind: str, way: Way) -> None:
        taken[0] += 1
        taken[1] += _run(published, kind, way)

    while taken[1] < STEPS:
        goes()
    told = {"steps": taken[1], "cases": taken[0], "divergences": 0}
    rate = taken[1] / (time.monotonic() - began)
    keep([Figure("steps of decisions beside a plain model", rate, "steps/s", details=told)], "cast", _kind(published))


def _kind(cast: Cast) -> str:
    return "sqlite" if cast.database.is_sqlite else "postgresql"

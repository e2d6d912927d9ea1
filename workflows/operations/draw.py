"""Draws of places in two steps: the seed is sealed before the candidates are shown, opened when the lot is drawn."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.case import Case
from models.draw import PlaceDraw
from models.locks import hold
from models.place import Place
from models.types import new_id
from models.vault import vault_of
from workflows.audit import Happening, canonical
from workflows.draw import ALGORITHM, Candidate, candidates_below, drawn_codes, list_digest, new_seed, seal_of
from workflows.inspections import INSPECTION
from workflows.operations.case_opening import Beginning, draw_numbers, open_case_about
from workflows.operations.repeated import answer_before, remember_answer
from workflows.policy import Permission
from workflows.refusal import Denied, Missing, Refusal, Words
from workflows.text import Text, text
from workflows.transaction import Transaction
from workflows.values.parsed import as_text

PREFIX = "CQ"
MOST_CANDIDATES = 2000
LONGEST_WORD = 40


@dataclass(frozen=True)
class Begun:
    """What became of one drawn place: the inspection opened there, whether it stood already, or why there is none."""

    code: str
    name: str
    case: str | None = None
    is_new: bool = False
    refused: Words | None = None


def prepare_draw(tx: Transaction, place_id: int, wanted: Mapping[str, int], key: str | None = None) -> PlaceDraw:
    """Keep the list of candidates and a sealed seed; from here on neither can be changed, and nobody knows the result.

    `wanted` says how many of each group. Raises Missing, Denied, Refusal `place_closed`, `nothing_wanted`,
    `more_than_there_are` and `too_many_candidates`.
    """
    chosen = {group: count for group, count in wanted.items() if count}
    mark = _mark(place_id, chosen)
    if (before := answer_before(tx, key, mark)) is not None:
        return _find(tx, before["draw"])
    inside = tx.session.info["scope"].row_condition(Place)
    place = tx.session.scalars(select(Place).where(Place.id == place_id, inside)).one_or_none()
    if place is None:
        raise Missing("no_place", text("没有这个单位，或不在你的范围内"))
    tx.require(Permission.INSPECTION_DRAW, place.level_codes)
    if tx.actor.staff_id is None:
        raise Denied("not_permitted", text("抽取要由督查员本人办理"))
    candidates = _candidates(tx, place, chosen)
    draw = _sealed(tx, place, chosen, candidates)
    tx.session.flush()
    _tell(tx, draw, "draw.prepared", {"commitment": draw.commitment, "candidates": [one.code for one in candidates]})
    remember_answer(tx, key, mark, {"draw": draw.number})
    return draw


def _mark(place_id: int, wanted: Mapping[str, int]) -> str:
    content = canonical({"draw": [str(place_id), sorted(wanted.items())]})
    return hashlib.sha256(content.encode()).hexdigest()


def _candidates(tx: Transaction, place: Place, wanted: Mapping[str, int]) -> list[Candidate]:
    if place.is_closed:
        raise Refusal("place_closed", text("{place}已撤并", place=place.name))
    if not wanted or any(count < 0 for count in wanted.values()):
        raise Refusal("nothing_wanted", text("请至少填写一类要抽的个数"))
    found = candidates_below(tx.session, place, wanted)
    faults: dict[str, Words] = {}
    for group, count in wanted.items():
        size = sum(one.group == group for one in found)
        if count > size:
            faults[group] = text("只有 {size} 个可抽", size=size)
    if faults:
        raise Refusal("more_than_there_are", text("要抽的个数比可抽的多"), faults)
    if len(found) > MOST_CANDIDATES:
        message = text("候选单位有 {count} 个，一次最多 {most} 个，请缩小范围", count=len(found), most=MOST_CANDIDATES)
        raise Refusal("too_many_candidates", message)
    return found


def _sealed(tx: Transaction, place: Place, wanted: Mapping[str, int], candidates: list[Candidate]) -> PlaceDraw:
    seed = new_seed()
    draw = PlaceDraw(
        id=new_id(),
        number=draw_numbers(tx, PREFIX)[0],
        place_id=place.id,
        place_name=place.name,
        algorithm=ALGORITHM,
        wanted=[list(pair) for pair in wanted.items()],
        candidates=[list(one) for one in candidates],
        listed=list_digest(candidates),
        commitment=seal_of(seed),
        made_at=tx.now,
        made_by=tx.actor.staff_id or 0,
        made_by_name=tx.actor.name,
    )
    draw.place_at(place.level_codes)
    tx.session.add(vault_of(tx.session).new_key(draw.id))
    tx.session.add(draw)
    draw.seed = seed
    return draw


def make_draw(tx: Transaction, number: str, word: str) -> PlaceDraw:
    """Open the seed and draw; `word` is what those present say, so that whoever knew the seed could not choose.

    The same word again changes nothing. Raises Missing, Denied, Refusal `word_missing`, `already_drawn`.
    """
    draw = _find(tx, number)
    said = as_text(word)
    if draw.is_drawn and said == draw.word:
        return draw
    if draw.is_drawn:
        raise Refusal("already_drawn", text("{number} 已经抽过，结果不能更改", number=number))
    if not 0 < len(said) <= LONGEST_WORD:
        sentence = text("请填写现场报出的数或字，最多 {most} 个字", most=LONGEST_WORD)
        raise Refusal("word_missing", sentence, {"word": sentence})
    seed = draw.seed or ""
    draw.word = said
    draw.drawn = drawn_codes(seed, said, candidates_of(draw), wanted_of(draw))
    draw.drawn_at, draw.drawn_by, draw.drawn_by_name = tx.now, tx.actor.staff_id, tx.actor.name
    tx.session.flush()
    _tell(tx, draw, "draw.made", {"seed": seed, "said": said, "drawn": list(draw.drawn)})
    return draw


def open_drawn(tx: Transaction, number: str, answers: Mapping[str, object]) -> list[Begun]:
    """Open one inspection at each drawn place; where this draw opened one already, that one stands.

    A place that cannot be inspected now is told with its reason and holds up no other. Raises Missing, Denied, and
    Refusal `not_drawn` or the form's.
    """
    draw = _find(tx, number)
    if not draw.is_drawn:
        raise Refusal("not_drawn", text("{number} 还没有抽取", number=number))
    opened = cases_of(tx.session, draw)
    known = {one.code: one for one in candidates_of(draw)}
    return [_begin(tx, draw, known[code], opened, answers) for code in draw.drawn]


def _begin(
    tx: Transaction, draw: PlaceDraw, drawn: Candidate, opened: Mapping[int, str], answers: Mapping[str, object]
) -> Begun:
    if drawn.place_id in opened:
        return Begun(drawn.code, drawn.name, opened[drawn.place_id])
    told, sent = len(tx.happenings), len(tx.messages)
    place = tx.session.get(Place, drawn.place_id)
    try:
        if place is None or place.is_closed:
            raise Refusal("place_closed", text("{place}已撤并", place=drawn.name))
        with tx.session.begin_nested():
            begun = Beginning({**answers, "drawn_how": str(told_of(draw))}, batch_id=draw.id)
            case = open_case_about(tx, INSPECTION, "place", drawn.place_id, begun)
    except Refusal as refusal:
        if refusal.faults or isinstance(refusal, Denied):
            raise
        del tx.happenings[told:], tx.messages[sent:]
        return Begun(drawn.code, drawn.name, refused=refusal.message)
    return Begun(drawn.code, drawn.name, case.number, is_new=True)


def cases_of(session: Session, draw: PlaceDraw) -> dict[int, str]:
    """Return the numbers of the inspections that a draw has opened, by place."""
    return dict(session.execute(select(Case.subject_id, Case.number).where(Case.batch_id == draw.id)).all())


def told_of(draw: PlaceDraw) -> Text:
    """Return how an inspection says that a draw led to it, with all that it takes to repeat the draw."""
    return text("随机抽取 {number}，种子 {seed}，报数 {word}", number=draw.number, seed=draw.seed, word=draw.word)


def candidates_of(draw: PlaceDraw) -> list[Candidate]:
    """Return the candidates of a draw as they stood on its list."""
    return [Candidate(*one) for one in draw.candidates]


def wanted_of(draw: PlaceDraw) -> dict[str, int]:
    """Return how many of each group a draw wants."""
    return dict(draw.wanted)


def _find(tx: Transaction, number: str) -> PlaceDraw:
    hold(tx.session, f"draw:{number}")  # the second of two at once waits, and finds what the first has done
    draw = tx.session.scalars(select(PlaceDraw).where(PlaceDraw.number == number)).one_or_none()
    if draw is None:
        raise Missing("no_draw", text("没有这次抽取，或不在你的范围内"))
    tx.require(Permission.INSPECTION_DRAW, draw.level_codes)
    return draw


def _tell(tx: Transaction, draw: PlaceDraw, action: str, particulars: Mapping[str, object]) -> None:
    facts = {"number": draw.number, "algorithm": draw.algorithm, "listed": draw.listed, "wanted": list(draw.wanted)}
    tx.tell(Happening(action, "draw", draw.id, codes=draw.level_codes, facts={**facts, **particulars}))

"""Choosing among the children of a class: who was chosen, why, and what the selection had said of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from models.child import Child
from models.place import Place
from workflows.audit import Change, Happening, canonical
from workflows.engine.allowed import post_named
from workflows.engine.published import SelectionVersion, selection_in_force
from workflows.engine.vocabulary import Assignee
from workflows.fields import put_child
from workflows.operations.repeated import answer_before, remember_answer
from workflows.operations.rows import fetch
from workflows.policy import Permission
from workflows.refusal import Denied, Missing, Refusal, Stale
from workflows.selection import Candidate, candidates
from workflows.text import Text, text
from workflows.transaction import Transaction
from workflows.values import as_text

SHORTEST_REASON, LONGEST_REASON = 2, 200


@dataclass(frozen=True)
class Choice:
    """What a person says of one child: chosen or not, why, and the revision of the child that they saw."""

    is_chosen: bool
    why: str
    rev: int


@dataclass(frozen=True)
class Chosen:
    """What a choice did: how many were added and taken off, and how many there are now in the class."""

    added: int
    dropped: int
    now: int


def choose(
    tx: Transaction, selection: str, place_id: int, choices: Mapping[int, Choice], *, key: str | None = None
) -> Chosen:
    """Choose children of a class as focus children or take them off, all of them or nothing.

    Only children about whom something changes are touched. Raises Denied for those whom the selection does not name,
    Missing for children outside the class, Refusal `why_missing` with a sentence for each, Stale where somebody else
    changed one of them meanwhile.
    """
    mark = _digest(selection, place_id, choices)
    if (before := answer_before(tx, key, mark)) is not None:
        return Chosen(**before)
    version = selection_in_force(tx.session, selection)
    place = _class(tx, place_id)
    _permit(tx, version, place)
    with tx.directory() as everything:
        asked = candidates(tx.session, tx.session, everything, version, place, tx.now)
    order = {candidate.child.id: at for at, candidate in enumerate(asked, 1)}
    if unknown := set(choices) - set(order):
        raise Missing("not_in_class", text("有 {count} 名儿童已不在本班，请重新打开这一页", count=len(unknown)))
    changing = {child: choice for child, choice in sorted(choices.items()) if _changes(asked[order[child] - 1], choice)}
    _refuse_without_reason(changing)
    children = {child: fetch(tx, Child, child) for child in changing}
    _refuse_stale(children, changing)
    added = dropped = 0
    for number, choice in changing.items():
        child, was = children[number], children[number].is_focus
        changes = put_child(child, {"is_focus": choice.is_chosen, "focus_reason": _why(choice) or None})
        added, dropped = added + (choice.is_chosen and not was), dropped + (was and not choice.is_chosen)
        tx.tell(_told(version, child, asked[order[number] - 1], order[number], choice, changes))
    tx.session.flush()
    done = Chosen(added, dropped, sum(candidate.child.is_focus for candidate in asked))
    remember_answer(tx, key, mark, {"added": done.added, "dropped": done.dropped, "now": done.now})
    return done


def _class(tx: Transaction, place_id: int) -> Place:
    place = tx.session.get(Place, place_id)
    if place is None or place.kind != "class":
        raise Missing("no_place", text("没有这个班级，或不在你的范围内"))
    return place


def _permit(tx: Transaction, version: SelectionVersion, place: Place) -> None:
    tx.require(Permission.CHILD_EDIT, place.level_codes)
    named = [Assignee(role=role) for role in version.selection.by]
    post = post_named(tx.actor.posts_over(place.level_codes), named)
    if post is None and tx.actor.system is None:
        raise Denied("not_your_part", text("由其他岗位选定"))
    tx.post = post or tx.post


def _why(choice: Choice) -> str:
    return as_text(choice.why)[:LONGEST_REASON] if choice.is_chosen else ""


def _changes(candidate: Candidate, choice: Choice) -> bool:
    child = candidate.child
    return choice.is_chosen != child.is_focus or (choice.is_chosen and _why(choice) != (child.focus_reason or ""))


def _refuse_without_reason(choices: Mapping[int, Choice]) -> None:
    faults: dict[str, Text] = {}
    for child, choice in choices.items():
        if choice.is_chosen and len(as_text(choice.why)) < SHORTEST_REASON:
            faults[f"why-{child}"] = text("请写明为什么选这名儿童")
        elif choice.is_chosen and len(as_text(choice.why)) > LONGEST_REASON:
            faults[f"why-{child}"] = text("最多 {most} 个字", most=LONGEST_REASON)
    if faults:
        raise Refusal("why_missing", text("有 {count} 处填写不对", count=len(faults)), faults)


def _refuse_stale(children: Mapping[int, Child], choices: Mapping[int, Choice]) -> None:
    changed = [child.name for child in children.values() if child.rev != choices[child.id].rev]
    if changed:
        names = "、".join(changed)
        raise Stale("changed_meanwhile", text("别人刚刚改过{names}的档案，请核对后再保存", names=names))


def _told(
    version: SelectionVersion, child: Child, said: Candidate, at: int, choice: Choice, changes: tuple[Change, ...]
) -> Happening:
    """Tell who was chosen and why, beside what the selection said: its order and its reasons, for and against."""
    grounds = {"grounds": [one.zh for one in said.reasons], "against": [one.zh for one in said.against]}
    facts = {"selection": version.selection.key, "version": version.number, "order": at, **grounds}
    return Happening(
        "child.chosen" if choice.is_chosen else "child.unchosen",
        "child",
        child.id,
        child.level_codes,
        child.id,
        owner=child.id,
        changes=changes,
        facts=facts,
    )


def _digest(selection: str, place_id: int, choices: Mapping[int, Choice]) -> str:
    said = [[child, one.is_chosen, as_text(one.why), one.rev] for child, one in sorted(choices.items())]
    return hashlib.sha256(canonical({"choose": [selection, place_id, said]}).encode()).hexdigest()

"""Repeats a draw from its seed and holds it against what the trail says, so that nobody has to believe the result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.audit import AuditEvent
from models.draw import PlaceDraw
from workflows.audit import body_of, is_genuine
from workflows.draw import ALGORITHM, Candidate, Ticket, drawn_codes, list_digest, seal_of, tickets
from workflows.text import Text, text

PREPARED, MADE = "draw.prepared", "draw.made"


@dataclass(frozen=True)
class Check:
    """One thing that must hold, and whether it does."""

    label: Text
    is_ok: bool


@dataclass(frozen=True)
class Repeated:
    """A draw done again: every candidate's ticket in the order of the draw, and what was held against what."""

    tickets: Sequence[Ticket]
    checks: Sequence[Check]

    @property
    def is_ok(self) -> bool:
        """Tell whether everything holds."""
        return all(check.is_ok for check in self.checks)


def repeat_draw(draw: PlaceDraw, trail: Session) -> Repeated:
    """Draw again from the open seed; `trail` is a session that reads the trail of the draw's place."""
    seed, word = draw.seed or "", draw.word or ""
    candidates = [Candidate(*one) for one in draw.candidates]
    wanted = dict(draw.wanted)
    found = tickets(seed, word, candidates, wanted)
    again = drawn_codes(seed, word, candidates, wanted)
    told = _told(draw, trail)
    before, after = told.get(PREPARED, {}), told.get(MADE, {})
    codes = [one.code for one in candidates]
    listed = before.get("listed") == draw.listed and before.get("candidates") == codes and _wants(before, wanted)
    opened = after.get("seed") == seed and after.get("said") == word and after.get("drawn") == draw.drawn
    checks = (
        Check(text("种子与抽取前公布的封条一致"), seal_of(seed) == draw.commitment == before.get("commitment")),
        Check(text("候选名单与抽取前记入审计的一致"), list_digest(candidates) == draw.listed and listed),
        Check(text("按种子重抽，结果相同"), draw.algorithm == ALGORITHM and again == draw.drawn),
        Check(text("种子、报数和结果与审计记录一致"), opened),
    )
    return Repeated(found, checks)


def _wants(facts: Mapping[str, Any], wanted: Mapping[str, int]) -> bool:
    return facts.get("wanted") == [list(pair) for pair in wanted.items()]


def _told(draw: PlaceDraw, trail: Session) -> dict[str, Mapping[str, Any]]:
    """Return what the trail's own entries say, by action; one that was tampered with says nothing."""
    own = (AuditEvent.subject_type == "draw", AuditEvent.subject_id == draw.id)
    events = trail.scalars(select(AuditEvent).where(AuditEvent.action.in_((PREPARED, MADE)), *own))
    return {event.action: body_of(trail, event)["facts"] for event in events if is_genuine(trail, event)}

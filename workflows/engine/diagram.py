"""Draws a workflow as SVG with the path of a case lit, and lists the same in plain words."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from html import escape

from workflows.engine.definition import ANY_VISITED, Workflow
from workflows.engine.layout import BOX_WIDTH, Box, Edge, Line, plan
from workflows.engine.vocabulary import Label

CHARACTER = 12
ARROW = 7
ANY_VISITED_LABEL = Label(zh="任一已办环节", en="any earlier step")
CURRENT = Label(zh="当前", en="now")
VISITED = Label(zh="已办", en="done")
MARKS = {"start": Label(zh="开始", en="start"), "normal": None, "end": Label(zh="结束", en="end")}


@dataclass(frozen=True)
class Move:
    """One transition a case has made."""

    source: str
    transition: str
    target: str


@dataclass(frozen=True)
class Way:
    """One way out of a state, in words."""

    transition: str
    label: str
    target: str


@dataclass(frozen=True)
class Step:
    """One state and its ways out, in words: the list that stands for the picture."""

    state: str
    label: str
    kind: str
    tag: str
    is_current: bool
    is_visited: bool
    ways: tuple[Way, ...]


def outline(
    workflow: Workflow, *, current: str | None = None, moves: Sequence[Move] = (), language: str = "zh"
) -> tuple[Step, ...]:
    """List the states with their ways out, for those who do not see the picture."""
    visited = _visited(moves)
    return tuple(
        Step(
            key,
            state.label.say(language),
            state.kind,
            state.tag,
            key == current,
            key in visited and key != current,
            tuple(_way(workflow, t, language) for t in workflow.leaving(key)),
        )
        for key, state in workflow.states.items()
    )


def draw(workflow: Workflow, *, current: str | None = None, moves: Sequence[Move] = (), language: str = "zh") -> str:
    """Draw a workflow as an SVG element, the current state and the moves made marked by classes and by words.

    No inline style, so that it stands under `style-src 'self'`; colours come from the classes `diagram…`.
    """
    edges = _edges(workflow, language)
    plane = plan(list(workflow.states), _start(workflow), edges)
    taken = {f"{m.source} {m.transition} {m.target}" for m in moves}
    visited = _visited(moves)
    lines = [_draw_line(line, workflow, line.edge.key in taken) for line in plane.lines]
    labels = [_draw_label(line, workflow, language) for line in plane.lines]  # above every line
    boxes = [_draw_box(key, box, workflow, current, visited, language) for key, box in plane.boxes.items()]
    title = escape(workflow.title.say(language))
    if current in workflow.states:
        title += f" · {escape(CURRENT.say(language))}: {escape(workflow.states[current].label.say(language))}"
    size = f'viewBox="0 0 {plane.width} {plane.height}" width="{plane.width}" height="{plane.height}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="diagram" role="img" {size} font-size="{CHARACTER}">'
        f"<title>{title}</title>{''.join(lines)}{''.join(labels)}{''.join(boxes)}</svg>"
    )


def text_width(words: str) -> int:
    """Estimate the width of a label in pixels: a Chinese character is a square, a Latin one three fifths of it."""
    return sum(CHARACTER if unicodedata.east_asian_width(c) in "WFA" else CHARACTER * 3 // 5 for c in words)


def transition_label(workflow: Workflow, transition: str, language: str = "zh") -> str:
    """Give the words on the button of a transition: its own, or those of the state it leads to."""
    definition = workflow.transitions[transition]
    if definition.label is not None:
        return definition.label.say(language)
    state = workflow.states.get(definition.target)
    return state.label.say(language) if state else ANY_VISITED_LABEL.say(language)


def _visited(moves: Sequence[Move]) -> frozenset[str]:
    return frozenset(m.source for m in moves) | frozenset(m.target for m in moves)


def _way(workflow: Workflow, transition: str, language: str) -> Way:
    target = workflow.states.get(workflow.transitions[transition].target)
    words = target.label.say(language) if target else ANY_VISITED_LABEL.say(language)
    return Way(transition, transition_label(workflow, transition, language), words)


def _start(workflow: Workflow) -> str:
    """Give the start, or the first state of a draft that has none yet."""
    return next((k for k, s in workflow.states.items() if s.kind == "start"), next(iter(workflow.states)))


def _edges(workflow: Workflow, language: str) -> list[Edge]:
    return [
        Edge(
            f"{source} {key} {transition.target}",
            source,
            transition.target,
            text_width(transition_label(workflow, key, language)) + 12,
        )
        for key, transition in workflow.transitions.items()
        for source in workflow.sources(key)
        if source in workflow.states and transition.target in workflow.states
    ]


def _transition_of(line: Line) -> str:
    return line.edge.key.split(" ")[1]


def _draw_line(line: Line, workflow: Workflow, is_taken: bool) -> str:
    style = workflow.transitions[_transition_of(line)].style
    classes = f"diagram-way diagram-way--{style}{' is-taken' if is_taken else ''}"
    path = " ".join(f"{'L' if i else 'M'}{x} {y}" for i, (x, y) in enumerate(line.points))
    x, y = line.points[-1]
    head = f"M{x - ARROW} {y - 4} L{x} {y} L{x - ARROW} {y + 4} Z"
    drawn = f' stroke-width="{3 if is_taken else 1}"' + (' stroke-dasharray="5 3"' if style == "danger" else "")
    return (
        f'<g class="{classes}"><path class="diagram-line" d="{path}" fill="none" stroke="currentColor"{drawn}/>'
        f'<path class="diagram-head" d="{head}" fill="currentColor"/></g>'
    )


def _draw_label(line: Line, workflow: Workflow, language: str) -> str:
    (x, y), width = line.label_at, line.edge.label_width
    words = escape(transition_label(workflow, _transition_of(line), language))
    place = f'x="{x - width // 2}" y="{y - 9}" width="{width}" height="18"'
    return f'<rect class="diagram-plate" {place} rx="9" fill="white"/>{_draw_text("label", x, y + 4, words)}'


def _draw_text(kind: str, x: int, y: int, escaped: str, more: str = ' text-anchor="middle"') -> str:
    return f'<text class="diagram-{kind}" x="{x}" y="{y}"{more}>{escaped}</text>'


def _draw_box(
    key: str, box: Box, workflow: Workflow, current: str | None, visited: Collection[str], language: str
) -> str:
    state = workflow.states[key]
    classes = f"diagram-state diagram-state--{state.kind} diagram-state--{state.tag}"
    mark = MARKS[state.kind]
    notes = [mark.say(language)] if mark else []
    if key == current:
        classes += " is-current"
        notes.append(f"● {CURRENT.say(language)}")
    elif key in visited:
        classes += " is-visited"
        notes.append(f"✓ {VISITED.say(language)}")
    middle, edge = box.x + BOX_WIDTH // 2, 3 if key == current else 1
    return (
        f'<g class="{classes}"><rect class="diagram-box" x="{box.x}" y="{box.y}" width="{BOX_WIDTH}" '
        f'height="{box.height}" rx="6" fill="white" stroke="currentColor" stroke-width="{edge}"/>'
        f"{_draw_text('name', middle, box.middle, escape(state.label.say(language)))}"
        f"{_draw_text('note', middle, box.middle + 18, escape(' · '.join(notes)))}"
        f"{_draw_returns(key, box, workflow, language)}</g>"
    )


def _draw_returns(key: str, box: Box, workflow: Workflow, language: str) -> str:
    """Write the ways to any visited state under the box; a line to every earlier state would say less."""
    ways = [
        transition_label(workflow, t, language)
        for t in workflow.leaving(key)
        if workflow.transitions[t].target == ANY_VISITED
    ]
    if not ways:
        return ""
    words = escape(f"↩ {'、'.join(ways)} → {ANY_VISITED_LABEL.say(language)}")
    return _draw_text("note", box.x + 4, box.y + box.height + 15, words, more="")

"""Places the states and ways of a workflow on a plane: layers by longest path, edges at right angles, lanes around."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

BOX_WIDTH = 148
BOX_HEIGHT = 60
ROW_GAP = 40
PORT = 20
TRACK = 12
LANE = 26
MARGIN = 20


@dataclass(frozen=True)
class Edge:
    """A way from one state to another, with the width its label needs."""

    key: str
    source: str
    target: str
    label_width: int


@dataclass(frozen=True)
class Box:
    """Where a state stands: its top left corner and height; all boxes have one width."""

    x: int
    y: int
    height: int

    @property
    def middle(self) -> int:
        """Give the height of the box's middle line."""
        return self.y + self.height // 2


@dataclass(frozen=True)
class Line:
    """Where an edge runs: its corners, and the middle of its label."""

    edge: Edge
    points: tuple[tuple[int, int], ...]
    label_at: tuple[int, int]


@dataclass(frozen=True)
class Plan:
    """A finished layout: boxes by state, lines, and the size of the whole."""

    boxes: dict[str, Box]
    lines: tuple[Line, ...]
    width: int
    height: int


@dataclass
class _Routes:
    """Which tracks and lanes the edges take; a gap lies before the column of the same number."""

    tracks: dict[int, list[tuple[Edge, str]]] = field(default_factory=dict)
    above: list[Edge] = field(default_factory=list)
    below: list[Edge] = field(default_factory=list)


def plan(states: Sequence[str], start: str, edges: Sequence[Edge]) -> Plan:
    """Lay out the states left to right from the start; ways back run above, ways past a column below."""
    layer = layers(states, start, edges)
    columns: dict[int, list[str]] = {}
    for state in states:
        columns.setdefault(layer[state], []).append(state)
    outgoing, incoming = _ports(edges, layer, {s: i for c in columns.values() for i, s in enumerate(c)})
    height = _row_height(states, edges)
    routes = _route(edges, layer)
    left = _column_lefts(columns, edges, layer, routes)
    top = MARGIN + LANE * len(routes.above)
    boxes = {
        state: Box(left[column], top + row * (height + ROW_GAP), height)
        for column, held in columns.items()
        for row, state in enumerate(held)
    }
    bottom = max(box.y + box.height for box in boxes.values()) + ROW_GAP // 2
    lines = tuple(
        _line(edge, boxes, outgoing[edge.key], incoming[edge.key], routes, layer, left, bottom) for edge in edges
    )
    width = left[max(columns)] + BOX_WIDTH + _gap_width(max(columns) + 1, edges, layer, routes) + MARGIN
    return Plan(boxes, lines, width, bottom + LANE * len(routes.below) + MARGIN)


def layers(states: Sequence[str], start: str, edges: Sequence[Edge]) -> dict[str, int]:
    """Give each state its layer: the longest way from the start once the ways back are set aside."""
    forward = _without_ways_back(start, edges)
    layer = dict.fromkeys(states, 0)
    for _ in states:  # a longest path has at most as many steps as there are states
        for edge in forward:
            layer[edge.target] = max(layer[edge.target], layer[edge.source] + 1)
    return layer


def _without_ways_back(start: str, edges: Sequence[Edge]) -> list[Edge]:
    leaving: dict[str, list[Edge]] = {}
    for edge in edges:
        leaving.setdefault(edge.source, []).append(edge)
    done: set[str] = set()
    forward: list[Edge] = []

    def walk(state: str, above: frozenset[str]) -> None:
        done.add(state)
        for edge in leaving.get(state, []):
            if edge.target in above or edge.target == state:
                continue
            forward.append(edge)
            if edge.target not in done:
                walk(edge.target, above | {state})

    for state in [start, *leaving]:
        if state not in done:
            walk(state, frozenset())
    return forward


def _ports(
    edges: Sequence[Edge], layer: Mapping[str, int], row: Mapping[str, int]
) -> tuple[dict[str, int], dict[str, int]]:
    """Give each edge its height on the box it leaves and on the box it enters, from the middle line.

    Ways straight ahead take both middles; the others leave at whole and enter at half steps, so that no two
    level pieces of different edges lie on each other.
    """
    outgoing: dict[str, int] = {}
    incoming: dict[str, int] = {}
    leaving: dict[str, int] = {}
    entering: dict[str, int] = {}
    straight_from: set[str] = set()
    straight_to: set[str] = set()
    for edge in edges:
        ahead = layer[edge.target] == layer[edge.source] + 1 and row[edge.target] == row[edge.source]
        if ahead and edge.source not in straight_from and edge.target not in straight_to:
            straight_from.add(edge.source)
            straight_to.add(edge.target)
            outgoing[edge.key] = incoming[edge.key] = 0
    for edge in edges:
        if edge.key in outgoing:
            continue
        taken = leaving[edge.source] = leaving.get(edge.source, 0) + 1
        outgoing[edge.key] = _fan(taken if edge.source in straight_from else taken - 1) * PORT
        taken = entering[edge.target] = entering.get(edge.target, 0) + 1
        offset = _fan(taken)
        incoming[edge.key] = offset * PORT - (PORT // 2 if offset > 0 else -PORT // 2)
    return outgoing, incoming


def _fan(number: int) -> int:
    """Count 0, 1, -1, 2, -2, …"""
    return (number + 1) // 2 * (1 if number % 2 else -1)


def _row_height(states: Sequence[str], edges: Sequence[Edge]) -> int:
    ends = [sum(e.source == s for e in edges) for s in states] + [sum(e.target == s for e in edges) for s in states]
    return max(BOX_HEIGHT, max(ends) * PORT + PORT)


def _route(edges: Sequence[Edge], layer: Mapping[str, int]) -> _Routes:
    routes = _Routes()
    for edge in edges:
        step = layer[edge.target] - layer[edge.source]
        routes.tracks.setdefault(layer[edge.source] + 1, []).append((edge, "leave"))
        if step == 1:
            continue
        (routes.above if step < 1 else routes.below).append(edge)
        routes.tracks.setdefault(layer[edge.target], []).append((edge, "enter"))
    return routes


def _label_room(gap: int, edges: Sequence[Edge], layer: Mapping[str, int]) -> int:
    near = [e.label_width for e in edges if layer[e.source] + 1 == gap == layer[e.target]]
    return max(near, default=0) + 16


def _gap_width(gap: int, edges: Sequence[Edge], layer: Mapping[str, int], routes: _Routes) -> int:
    return _label_room(gap, edges, layer) + TRACK * (len(routes.tracks.get(gap, [])) + 1)


def _column_lefts(
    columns: Mapping[int, list[str]], edges: Sequence[Edge], layer: Mapping[str, int], routes: _Routes
) -> dict[int, int]:
    lefts, x = {}, MARGIN
    for column in sorted(columns):
        if column or routes.tracks.get(0):
            x += _gap_width(column, edges, layer, routes)
        lefts[column] = x
        x += BOX_WIDTH
    return lefts


def _track_x(gap: int, edge: Edge, use: str, left: Mapping[int, int], routes: _Routes) -> int:
    """Find the upright piece of an edge in a gap; tracks are counted from the column on the right."""
    held = routes.tracks[gap]
    right = left[gap] if gap in left else left[gap - 1] + BOX_WIDTH + TRACK * (len(held) + 2)
    return right - TRACK * (len(held) - held.index((edge, use)) + 1)


def _line(
    edge: Edge,
    boxes: Mapping[str, Box],
    out: int,
    into: int,
    routes: _Routes,
    layer: Mapping[str, int],
    left: Mapping[int, int],
    bottom: int,
) -> Line:
    source, target = boxes[edge.source], boxes[edge.target]
    start, end = (source.x + BOX_WIDTH, source.middle + out), (target.x, target.middle + into)
    leave = _track_x(layer[edge.source] + 1, edge, "leave", left, routes)
    if layer[edge.target] == layer[edge.source] + 1:
        label = (start[0] + 8 + edge.label_width // 2, start[1])
        bend = () if start[1] == end[1] else ((leave, start[1]), (leave, end[1]))
        return Line(edge, (start, *bend, end), label)
    enter = _track_x(layer[edge.target], edge, "enter", left, routes)
    if edge in routes.above:
        lane = MARGIN + LANE * routes.above.index(edge) + LANE // 2 - 4
    else:
        lane = bottom + LANE * routes.below.index(edge) + LANE // 2
    corners = (start, (leave, start[1]), (leave, lane), (enter, lane), (enter, end[1]), end)
    return Line(edge, corners, ((leave + enter) // 2, lane))

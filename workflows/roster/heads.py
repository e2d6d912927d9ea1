"""Finds head rows by what stands in them and reads each column's path (group head / sub-head) out of merged cells."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from workflows.roster.grid import Grid, Merge
from workflows.roster.headings import Synonyms
from workflows.values import Cell, as_text

_MOST_HEAD_ROWS = 5
_LONGEST_HEADING = 60
_SEX_WORDS = frozenset({"男", "女"})
_DIGITS = re.compile(r"[\s\d.,%Xx-]+|.*\d{7}.*", re.DOTALL)


@dataclass(frozen=True)
class Head:
    """The rows of one head (`top` to `bottom`, from 0) and the path of every column that has one."""

    top: int
    bottom: int
    paths: dict[int, tuple[str, ...]]


def find_heads(grid: Grid, synonyms: Synonyms) -> Iterator[Head]:
    """Give every run of head rows on a sheet, top to bottom; whether it names the child is for the caller to see."""
    row = 0
    while row < len(grid.rows):
        if not _looks_like_head(grid.rows[row], synonyms):
            row += 1
            continue
        bottom = _bottom(grid, row, synonyms)
        top = _top(grid, row)
        yield Head(top, bottom, _paths(grid, top, bottom))
        row = bottom + 1


def _looks_like_head(cells: list[Cell], synonyms: Synonyms) -> bool:
    known = filled = 0
    for cell in cells:
        if cell is None or cell == "":
            continue
        if not isinstance(cell, str) or cell in _SEX_WORDS or len(cell) > _LONGEST_HEADING:
            return False
        written = as_text(cell)
        if not written:
            continue
        if _DIGITS.fullmatch(written):
            return False
        filled += 1
        known += synonyms.word(written).is_known
    return known >= 1 and (known * 2 >= filled or (known >= 3 and known * 4 >= filled))


def _bottom(grid: Grid, row: int, synonyms: Synonyms) -> int:
    bottom = row
    limit = min(row + _MOST_HEAD_ROWS, len(grid.rows)) - 1
    changed = True
    while changed and bottom < limit:
        changed = False
        spans = [m.bottom for m in grid.merges if row <= m.top <= bottom < m.bottom]
        if spans:
            bottom, changed = min(max(spans), limit), True
        elif _continues(grid, row, bottom + 1, synonyms):
            bottom, changed = bottom + 1, True
    return bottom


def _continues(grid: Grid, top: int, row: int, synonyms: Synonyms) -> bool:
    """A further head row is again head words, and not the same head once more."""
    if not _looks_like_head(grid.rows[row], synonyms):
        return False
    above = [as_text(cell) for cell in grid.rows[row - 1]]
    here = [as_text(cell) for cell in grid.rows[row]]
    if here == above:
        return False
    # A head that fills the same columns as a whole head above it belongs to a table of its own.
    filled_above = {i for i, word in enumerate(above) if word}
    filled_here = {i for i, word in enumerate(here) if word}
    names = sum(synonyms.word(word).field == "child.name" for word in above if word)
    names_here = sum(synonyms.word(word).field == "child.name" for word in here if word)
    return not (names and names_here and 0 in (filled_above & filled_here) and not _has_group(above, synonyms))


def _has_group(words: list[str], synonyms: Synonyms) -> bool:
    return any(synonyms.word(word).group is not None for word in words if word)


def _top(grid: Grid, row: int) -> int:
    """Take in the group rows above: partly merged across, or merged down into the head."""
    width = sum(1 for cell in grid.rows[row] if as_text(cell))
    top = row
    while top > 0 and row - top < _MOST_HEAD_ROWS - 1:
        above = top - 1
        merges = [m for m in grid.merges if m.top <= above <= m.bottom]
        down = [m for m in merges if m.bottom >= top and m.left == m.right]
        across = [m for m in merges if m.top == m.bottom == above and m.right > m.left]
        texts = sum(1 for cell in grid.rows[above] if as_text(cell))
        if not down and not (across and texts >= 2 and all(m.right - m.left + 1 < max(width, 3) for m in across)):
            break
        if any(not isinstance(cell, str | None) for cell in grid.rows[above]):
            break
        top = above
    return top


def _paths(grid: Grid, top: int, bottom: int) -> dict[int, tuple[str, ...]]:
    width = max(len(grid.rows[row]) for row in range(top, bottom + 1))
    merges = [m for m in grid.merges if m.top <= bottom and m.bottom >= top]
    levels = [_level(grid, row, bottom, width, merges) for row in range(top, bottom + 1)]
    paths: dict[int, tuple[str, ...]] = {}
    for column in range(width):
        words = [level[column] for level in levels if level[column]]
        path = tuple(word for i, word in enumerate(words) if i == 0 or word != words[i - 1])
        if path:
            paths[column] = path
    return paths


def _level(grid: Grid, row: int, bottom: int, width: int, merges: list[Merge]) -> list[str]:
    words = [as_text(grid.cell(row, column)) for column in range(width)]
    for merge in merges:
        if merge.top <= row <= merge.bottom:
            anchor = as_text(grid.cell(merge.top, merge.left))
            words[merge.left : merge.right + 1] = [anchor] * (min(merge.right, width - 1) - merge.left + 1)
    if row < bottom and not any(merge.top <= row <= merge.bottom for merge in merges):
        _spread(grid, row, words)
    return words


def _spread(grid: Grid, row: int, words: list[str]) -> None:
    """Carry a group head over blanks with a sub-head: unmerged, it stands over its first column only."""
    carried = ""
    for column, word in enumerate(words):
        has_sub_head = bool(as_text(grid.cell(row + 1, column)))
        if word:
            carried = word if has_sub_head else ""
        elif has_sub_head:
            words[column] = carried
        else:
            carried = ""

"""Finds the tables on a sheet: their heads, their data rows, the class that a line above or the sheet's name gives."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from workflows.roster.fault import RosterFault
from workflows.roster.fields import NAME, SEQUENCE
from workflows.roster.grid import Grid
from workflows.roster.headings import Synonyms
from workflows.roster.heads import Head, find_heads
from workflows.roster.mapping import Column, map_columns, propose_columns
from workflows.text import Text, text
from workflows.values import Cell, as_text, is_blank
from workflows.values.class_name import ClassName, find_class_name

_NEVER_COPIED_DOWN = frozenset({SEQUENCE, NAME, "child.id_number", "child.student_number"})
_NOT_A_CHILD = re.compile(
    r"^[(（【]?\s*(合\s*计|总\s*计|小\s*计|共\s*计|总人数|本页|本班|全班|全校|累计|平均|共\s*\d|人数"
    r"|填表|制表|填报|上报|审核|审批|复核|校长|校\s*长\s*签|负责人|班主任\s*[:：(（签]|经办|联系人|签\s*[名字章]|盖章|单位\s*[:：(（盖]|学校\s*[:：(（盖]"
    r"|备\s*注\s*[:：]|注\s*[:：]|注意|说\s*明\s*[:：]|填写说明|填表说明|附\s*[:：]|日期\s*[:：]|\d{4}\s*年\s*\d{1,2}\s*月\s*\d{1,2}\s*日\s*$)"
)
_EXAMPLE = re.compile(r"^[(（]?(例|示例|样例|举例|例如)([:：)）]|$)")
_CLASS_WORD = re.compile("班|级")
_LONGEST_NAME = 20
_LINES_ABOVE = 12


@dataclass(frozen=True)
class TableRow:
    """One data row: its place in the grid, its cells by field, and the class that its surroundings give."""

    index: int
    cells: dict[str, Cell]
    class_around: ClassName | None


@dataclass
class Table:
    """One head and the rows under it, up to `end` (exclusive)."""

    grid: Grid
    head: Head
    columns: list[Column]
    end: int
    class_above: ClassName | None = None
    by_field: dict[str, Column] = field(init=False)

    def __post_init__(self) -> None:
        self.by_field = {}
        for column in self.columns:
            if column.field is not None:
                self.by_field.setdefault(column.field, column)

    def header_of(self, key: str) -> str | None:
        """Give the header over a field, None if it has no column."""
        column = self.by_field.get(key)
        return column.header if column else None

    def rows(self) -> Iterator[TableRow]:
        """Give the data rows: no blanks, totals, notes, signatures, examples or number lines."""
        shared = self._cells_merged_down()
        wanted = [(key, column.index) for key, column in self.by_field.items() if key != SEQUENCE]
        around = self.class_above
        for index in range(self.head.bottom + 1, self.end):
            written = self.grid.rows[index]
            cells = {
                key: written[at]
                for key, at in wanted
                if at < len(written) and written[at] is not None and written[at] != ""
            }
            cells = {key: cell for key, cell in cells.items() if not is_blank(cell)}
            if len(cells) <= 2 and (named := self._class_line(index, cells)) is not None:
                around = named
                continue
            if not self._is_data(written, cells):
                continue
            for key, at in wanted if shared else ():
                if key not in cells and (index, at) in shared:
                    cells[key] = shared[index, at]
            yield TableRow(index, cells, around)

    def _cells_merged_down(self) -> dict[tuple[int, int], Cell]:
        columns = {column.index for key, column in self.by_field.items() if key not in _NEVER_COPIED_DOWN}
        return {
            (row, merge.left): self.grid.cell(merge.top, merge.left)
            for merge in self.grid.merges
            if merge.bottom > merge.top > self.head.bottom and merge.left in columns
            for row in range(merge.top + 1, min(merge.bottom, self.end - 1) + 1)
        }

    def _class_line(self, index: int, cells: Mapping[str, Cell]) -> ClassName | None:
        if "child.id_number" in cells or (NAME in cells and not _CLASS_WORD.search(as_text(cells[NAME]))):
            return None
        filled = [as_text(cell) for cell in self.grid.rows[index] if isinstance(cell, str) and as_text(cell)]
        if len(filled) != 1 or not _CLASS_WORD.search(filled[0]) or _NOT_A_CHILD.match(filled[0]):
            return None
        column = self.by_field.get("child.class")
        if column is not None and not is_blank(self.grid.cell(index, column.index)):
            return None
        return find_class_name(filled[0])

    def _is_data(self, written: list[Cell], cells: Mapping[str, Cell]) -> bool:
        if not cells or (len(cells) == 1 and NAME not in cells and "child.id_number" not in cells):
            return False
        first = next((as_text(cell) for cell in written if not is_blank(cell)), "")
        if _NOT_A_CHILD.match(first) or _EXAMPLE.match(first):
            return False
        name = as_text(cells.get(NAME))
        if _NOT_A_CHILD.match(name) and len(cells) <= 4:
            return False
        if len(cells) <= 2 and (len(name) > _LONGEST_NAME or ":" in name or "：" in name):
            return False
        return not _is_number_line(written)


def find_tables(grid: Grid, synonyms: Synonyms, chosen: Mapping[str, str]) -> tuple[list[Table], Text | None]:
    """Give a sheet's tables and, where a head lacks the child's name, a sentence about that.

    Raises RosterFault `field_mapped_twice`, `unknown_field`.
    """
    heads = list(find_heads(grid, synonyms))
    around = find_class_name(grid.name) if grid.name and _names_a_class(grid.name) else None
    tables: list[Table] = []
    nameless: Text | None = None
    previous_end = 0
    ends = [*(head.top for head in heads), len(grid.rows)][1:]
    for head, end in zip(heads, ends, strict=True):
        made = _tables_under(grid, head, end, synonyms, chosen)
        if made:
            above = _class_above(grid, previous_end, head.top)
            inherited = around or (tables[-1].class_above if tables and _is_same_head(tables[-1], made[0]) else None)
            for table in made:
                table.class_above = above or inherited
            tables.extend(made)
        elif _known_columns(head, synonyms) >= 3 and nameless is None:
            nameless = text("{where}：表头缺少“姓名”一列", where=where_is(grid, head.bottom))
        previous_end = head.bottom + 1
    return tables, nameless


def propose_tables(grid: Grid, synonyms: Synonyms, chosen: Mapping[str, str]) -> list[Table]:
    """Give what stands under every head of a sheet, nameless or with two columns for one field as it may be.

    Raises RosterFault `unknown_field`.
    """
    heads = list(find_heads(grid, synonyms))
    ends = [*(head.top for head in heads), len(grid.rows)][1:]
    return [
        Table(grid, head, propose_columns(paths, synonyms, chosen), end)
        for head, end in zip(heads, ends, strict=True)
        for paths in _side_by_side(head.paths)
    ]


def where_is(grid: Grid, row: int) -> Text:
    """Say where a row is, for people."""
    number = grid.number_of(row)
    return text("“{sheet}”第 {row} 行", sheet=grid.name, row=number) if grid.name else text("第 {row} 行", row=number)


def _tables_under(grid: Grid, head: Head, end: int, synonyms: Synonyms, chosen: Mapping[str, str]) -> list[Table]:
    made = []
    for paths in _side_by_side(head.paths):
        if not _can_name_child(paths, synonyms, chosen):
            continue
        columns = map_columns(paths, synonyms, chosen, where=where_is(grid, head.bottom))
        table = Table(grid, head, columns, end)
        if NAME in table.by_field:
            made.append(table)
    return made


def _can_name_child(paths: Mapping[int, tuple[str, ...]], synonyms: Synonyms, chosen: Mapping[str, str]) -> bool:
    return any(chosen.get("/".join(path)) == NAME or synonyms.path(path).field == NAME for path in paths.values())


def _side_by_side(paths: dict[int, tuple[str, ...]]) -> list[dict[int, tuple[str, ...]]]:
    """Part a head that says the same twice from left to right into tables of their own."""
    indexes = sorted(paths)
    if len(indexes) < 4:
        return [paths]
    for width in range(2, len(indexes) // 2 + 1):
        words = [paths[index] for index in indexes]
        if len(words) % width == 0 and all(word == words[i % width] for i, word in enumerate(words)):
            return [{i: paths[i] for i in indexes[at : at + width]} for at in range(0, len(indexes), width)]
    return [paths]


def _known_columns(head: Head, synonyms: Synonyms) -> int:
    return sum(synonyms.path(path).field is not None for path in head.paths.values())


def _is_same_head(one: Table, other: Table) -> bool:
    return [column.header for column in one.columns] == [column.header for column in other.columns]


def _class_above(grid: Grid, start: int, top: int) -> ClassName | None:
    for row in range(top - 1, max(start, top - _LINES_ABOVE) - 1, -1):
        filled = [as_text(cell) for cell in grid.rows[row] if isinstance(cell, str) and as_text(cell)]
        if not filled or len(filled) > 6:
            continue
        line = "　".join(filled)
        found = find_class_name(line) if _CLASS_WORD.search(line) else None
        if found is not None:
            return found
    return None


def _names_a_class(name: str) -> bool:
    return bool(_CLASS_WORD.search(name)) or not name.isdecimal()


def _is_number_line(written: list[Cell]) -> bool:
    """A line that numbers the columns (1, 2, 3 …) under the head."""
    numbers = []
    for cell in written:
        word = as_text(cell)
        if word and not (word.isdecimal() and len(word) < 4):
            return False
        if word:
            numbers.append(int(word))
    return len(numbers) > 1 and numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def refuse_without_tables(nameless: Text | None) -> RosterFault:
    """Make the fault for a file in which no head names the child."""
    if nameless is not None:
        return RosterFault("missing_required_heading", text("{what}；请补上“姓名”，或在列对应中指定", what=nameless))
    return RosterFault(
        "no_heading_found",
        text("没有找到表头：请确认表中有一行写着“姓名”“性别”“身份证号”等列名，或在列对应中指定"),
    )

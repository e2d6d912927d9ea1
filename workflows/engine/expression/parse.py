"""Reads the text of an expression into Python's syntax tree, within limits, and tells where each part stands."""

from __future__ import annotations

import ast
import re

from workflows.text import Text, text

MAX_LENGTH = 2000
MAX_DEPTH = 40
STUCK_NUMBER = re.compile(r"(?<![\w.])\d[\d.]*[^\W\d]")  # 0x1f, 1e9, 1_000, 1or: not our numbers


class ExpressionFault(Exception):
    """An expression that cannot be used: where (line and column from 1), which code, and what to tell the author."""

    def __init__(self, line: int, column: int, code: str, message: Text) -> None:
        super().__init__(f"{line}:{column} {code}: {message}")
        self.line = line
        self.column = column
        self.code = code
        self.message = message


class Source:
    """The text of an expression, laid on one line for parsing, with the way back to lines and columns."""

    def __init__(self, written: str) -> None:
        self.written = written
        self._skipped = len(written) - len(written.lstrip())
        self.line = written.strip().replace("\r", " ").replace("\n", " ").replace("\t", " ")
        self._bytes = self.line.encode(errors="replace")

    def place(self, offset: int) -> tuple[int, int]:
        """Give line and column, both from 1, of a character of the laid-out line."""
        before = self.written[: self._skipped + offset]
        return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1

    def place_of(self, node: ast.AST) -> tuple[int, int]:
        """Give line and column of a node of Python's tree, which counts in bytes."""
        start = getattr(node, "col_offset", 0)
        return self.place(len(self._bytes[:start].decode(errors="ignore")))

    def fault(self, node: ast.AST, code: str, message: Text) -> ExpressionFault:
        """Make the fault that points at a node."""
        return ExpressionFault(*self.place_of(node), code, message)


def read_syntax(written: str) -> tuple[Source, ast.expr]:
    """Parse an expression with Python's own parser, which only builds a tree and runs nothing.

    Raises ExpressionFault when it is empty, too long, too deep, or not an expression.
    """
    if len(written) > MAX_LENGTH:
        raise ExpressionFault(1, 1, "expression_too_long", text("条件太长，最多 {limit} 个字符", limit=MAX_LENGTH))
    source = Source(written)
    if not source.line:
        raise ExpressionFault(1, 1, "expression_empty", text("条件是空的"))
    _refuse_hidden(source)
    try:
        parsed = ast.parse(source.line, mode="eval").body
    except SyntaxError as error:
        # An end come too early is told without an offset.
        offset = min(error.offset - 1, len(source.line)) if error.offset else len(source.line)
        raise ExpressionFault(*source.place(offset), "expression_syntax", text("条件写法有误")) from None
    except (ValueError, RecursionError, MemoryError):
        raise ExpressionFault(1, 1, "expression_syntax", text("条件写法有误")) from None
    _refuse_depth(source, parsed)
    return source, parsed


def _refuse_hidden(source: Source) -> None:
    """Refuse what would make the parser read other than stands there: comments, escapes, control characters."""
    quote, bare = "", []
    for offset, character in enumerate(source.line):
        if character == "\\" or not character.isprintable() or (character == "#" and not quote):
            place = source.place(offset)
            raise ExpressionFault(*place, "expression_character", text("条件里不能有字符 {char}", char=repr(character)))
        bare.append(" " if quote else character)
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
    stuck = STUCK_NUMBER.search("".join(bare))
    if stuck:
        raise ExpressionFault(*source.place(stuck.start()), "expression_number", text("数字只能写成 12 或 1.5 的样子"))


def _refuse_depth(source: Source, parsed: ast.expr) -> None:
    layer: list[ast.AST] = [parsed]
    for _ in range(MAX_DEPTH):
        layer = [child for node in layer for child in ast.iter_child_nodes(node)]
        if not layer:
            return
    deepest = next((node for node in layer if hasattr(node, "col_offset")), parsed)
    raise source.fault(deepest, "expression_too_deep", text("条件嵌套太深，最多 {limit} 层", limit=MAX_DEPTH))

"""Reads YAML into plain values that remember where they stand; aliases, tags and doubled keys are refused."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from workflows.engine.problem import Problem
from workflows.text import Text, text

MOST_CHARACTERS = 400_000
MOST_LAYERS = 30
TEXTS_KEPT = 64  # a little more than the standard pack has
PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{kind}" for kind in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp")
)

Path = Sequence[str | int]


class Document:
    """One YAML text: its plain value, its problems, and the place of everything in it."""

    def __init__(self, written: str, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.value: Any = None
        self._written = written
        self._root: Node | None = None
        self._seen: set[int] = set()
        self._read()

    def problem(self, path: Path, code: str, message: Text, *, at_key: bool = False) -> Problem:
        """Make a problem that points at the value under a path, or at its key; the nearest that exists is taken."""
        return self._at(self._find(path, at_key=at_key), code, message)

    def problem_inside(self, path: Path, line: int, column: int, code: str, message: Text) -> Problem:
        """Make a problem that points into a text value, by line and column within the value."""
        node = self._find(path, at_key=False)
        if not isinstance(node, ScalarNode):
            return self._at(node, code, message)
        return Problem(self.file, *_inside(node, self._written, line, column), code, message)

    def _at(self, node: Node | None, code: str, message: Text) -> Problem:
        if node is None:
            return Problem(self.file, 1, 1, code, message)
        return Problem(self.file, node.start_mark.line + 1, node.start_mark.column + 1, code, message)

    def _refuse(self, node: Node | None, code: str, message: Text) -> None:
        self.problems.append(self._at(node, code, message))

    def _read(self) -> None:
        if len(self._written) > MOST_CHARACTERS:
            self._refuse(None, "file_too_long", text("文件太长，最多 {limit} 个字符", limit=MOST_CHARACTERS))
            return
        try:
            self._root = _composed(self._written)
        except ReaderError as error:
            self._unreadable(error.position)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            message = text("YAML 写法有误：{problem}", problem=error.problem or error.context or "")
            self.problems.append(Problem(self.file, place[0], place[1], "yaml_syntax", message))
        except (YAMLError, RecursionError, ValueError):
            self._refuse(None, "yaml_syntax", text("YAML 写法有误或嵌套太深"))
        if self._root is not None:
            self.value = self._plain(self._root, 0)

    def _unreadable(self, position: int) -> None:
        before = self._written[:position]
        place = (before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1)
        self.problems.append(Problem(self.file, *place, "yaml_character", text("文件里有不能使用的字符")))

    def _plain(self, node: Node, layer: int) -> Any:
        if layer > MOST_LAYERS:
            self._refuse(node, "yaml_too_deep", text("嵌套太深，最多 {limit} 层", limit=MOST_LAYERS))
        elif id(node) in self._seen:
            self._refuse(node, "yaml_alias", text("不能使用 YAML 的锚点和别名"))
        elif str(node.tag) not in PLAIN_TAGS:
            self._refuse(node, "yaml_tag", text("不能使用 YAML 标签 {tag}", tag=str(node.tag)))
        else:
            self._seen.add(id(node))
            return self._content(node, layer)
        return None

    def _content(self, node: Node, layer: int) -> Any:
        if isinstance(node, ScalarNode):
            return _scalar(node)
        if isinstance(node, SequenceNode):
            return [self._plain(item, layer + 1) for item in node.value]
        found: dict[str, Any] = {}
        for key, item in node.value:
            if not isinstance(key, ScalarNode):
                self._refuse(key, "yaml_key", text("键只能是文字"))
            elif key.value in found:
                self._refuse(key, "duplicate_key", text("键 {key} 写了两次", key=key.value))
            else:
                found[key.value] = self._plain(item, layer + 1)
        return found

    def _find(self, path: Path, *, at_key: bool) -> Node | None:
        """Walk down a path as far as it goes; parts that the text does not have are passed over."""
        node, key_node = self._root, None
        for step in path:
            if isinstance(node, MappingNode):
                found = next(((k, v) for k, v in node.value if k.value == str(step)), None)
                if found:
                    key_node, node = found
            elif isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
                key_node, node = None, node.value[step]
        return key_node if at_key and key_node is not None else node


@lru_cache(maxsize=TEXTS_KEPT)
def _composed(written: str) -> Node | None:
    """Compose a text once: publishing reads the same one to check, to compare and to compile it, and none is quick."""
    root: Node | None = YAML(typ="safe", pure=True).compose(written)
    return root


def _scalar(node: ScalarNode) -> Any:
    kind = str(node.tag).rpartition(":")[2]
    written = str(node.value)
    try:
        if kind == "int":
            return int(written)
        if kind == "float":
            return Decimal(written)
    except (ValueError, InvalidOperation):
        return written
    if kind == "bool":
        return written.lower() == "true"
    return None if kind == "null" else written


def _inside(node: ScalarNode, written: str, line: int, column: int) -> tuple[int, int]:
    """Find in the file the character at line and column of a scalar's value, by walking both side by side."""
    lines = str(node.value).split("\n")
    wanted = sum(len(one) + 1 for one in lines[: line - 1]) + column - 1
    at = node.start_mark.index
    end = node.end_mark.index
    if node.style in ("'", '"'):
        at += 1
    elif node.style in ("|", ">"):
        at = written.find("\n", at) + 1
    for character in str(node.value)[:wanted]:
        at = _past_layout(written, at, end)
        if not character.isspace():
            at += _width(written, at, node.style)
    at = _past_layout(written, at, end)
    before = written[:at]
    return before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1


def _past_layout(written: str, at: int, end: int) -> int:
    """Pass over spaces, line breaks and indentation, which the value holds otherwise than the file."""
    while at < end and written[at].isspace():
        at += 1
    return at


def _width(written: str, at: int, style: str | None) -> int:
    escaped = (style == '"' and written[at : at + 1] == "\\") or (style == "'" and written[at : at + 2] == "''")
    return 2 if escaped else 1

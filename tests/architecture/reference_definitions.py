"""Writes what a definition file may say, part by part, from the models that check it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic_core import PydanticUndefined

from tests.architecture import reference_words as words
from workflows.engine import bound as b
from workflows.engine import deadline as t
from workflows.engine import definition as d
from workflows.engine import paper as p
from workflows.engine import rules as r
from workflows.engine import selection as s
from workflows.engine import standing as g
from workflows.engine import vocabulary as v

PARTS: tuple[type[v.Part], ...] = (
    d.Workflow, d.Opening, g.Participation, g.Unique, g.Quota,
    d.State, d.Tasks, t.Deadline, t.Limit, d.CadenceRule, d.Transition, d.View,
    p.Paper, p.PaperPart, p.Signer,
    d.Form, d.RecordHead, p.CardHead, d.Section, d.FormField, d.Option, r.CaseFact, r.Rule, d.Advice,
    s.Selection, s.Ground, v.Label,
)  # fmt: skip
NAMED = {
    "a key": v.Key,
    "a span": v.SpanText,
    "an assignee": v.AssigneeText,
    "a verb": v.VerbWord,
    "a condition": v.Source,
    "a number, a day or `today`": b.Bound,
}
WRITTEN_AS_TEXT: dict[type[v.Part], str] = {
    v.Span: "a span",
    v.Assignee: "an assignee",
    t.Rung: "`percent%: action`",
    d.Options: "list: [Option](#option) or the name of a code list",
}
INTRODUCTION = f"""A definition is one YAML file. Its first key says what it is: `workflow:`, `form:` or `selection:`.
Anchors, tags and doubled keys are refused; every problem is told with file, line and column by
`shouwang definitions check`. Examples are [the standard pack](../../workflows/packs/standard).

- **a key**: a lower-case word, digits and `_` after its first letter.
- **a span**: a number and a unit: {", ".join(f"`{unit.value}`" for unit in v.Unit)}, such as `5 workdays`.
- **an assignee**: a role (`counsellor`), a role at a place (`class_teacher@class`; places are
  {", ".join(f"`{place}`" for place in sorted(v.ASSIGNEE_PLACES))}) or `person:login`.
- **a condition**: see [expressions](expression-functions.md).
- **a verb**: {", ".join(f"{word} `{verb.value}`" for word, verb in v.VERB_WORDS.items())}.

Keys marked *not yet* are checked and kept, but nothing carries them out so far.
"""


def parts_in_code() -> set[type[v.Part]]:
    """Return every part that a definition can be made of."""
    return {part for module in (d, t, s, g, p, r, v) for part in vars(module).values() if _is_part(part)}


def _is_part(thing: object) -> bool:
    return isinstance(thing, type) and issubclass(thing, v.Part) and thing is not v.Part


def keys_of(part: type[v.Part]) -> Iterator[str]:
    """Yield the keys of a part as they are written."""
    for name, field in part.model_fields.items():
        yield field.alias or name


def definition_schema(table: Callable[..., str]) -> str:
    """Write the schema of every part."""
    return "\n".join((INTRODUCTION, *(_part(part, table) for part in PARTS)))


def _part(part: type[v.Part], table: Callable[..., str]) -> str:
    hints = get_type_hints(part, include_extras=True)
    rows = []
    for name, field in part.model_fields.items():
        key = field.alias or name
        meaning = words.DEFINITION_KEYS[part.__name__][key]
        late = " *(not yet)*" if (part.__name__, key) in words.NOT_YET else ""
        rows.append((f"`{key}`", shape(hints[name]), _default(field.default), meaning + late))
    about = " ".join((part.__doc__ or "").split())
    return f"## {part.__name__}\n\n{about}\n\n{table(('key', 'value', 'default', 'means'), rows)}"


def _default(value: Any) -> str:
    if value is PydanticUndefined:
        return "**required**"
    if value is None or value == ():
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else getattr(value, 'value', value)}`"


def shape(hint: Any) -> str:
    """Say what may stand under a key."""
    named = next((name for name, known in NAMED.items() if _is_that(hint, known)), None)
    if named is not None:
        return named
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return shape(args[0])
    if origin in (Union, UnionType):
        return " or ".join(shape(arg) for arg in args if arg is not NoneType)
    if origin is Literal:
        return " · ".join(f"`{arg}`" for arg in args)
    if origin is tuple:
        return f"list: {shape(args[0])}"
    if origin is dict:
        return f"by key: {shape(args[1])}"
    return _plain(hint)


def _is_that(hint: Any, known: Any) -> bool:
    """Tell whether a hint is a known one, perhaps with more said about it."""
    marks = get_args(known)[1:]
    return get_origin(hint) is Annotated and bool(marks) and all(any(m is k for m in get_args(hint)[1:]) for k in marks)


def _plain(hint: Any) -> str:
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return " · ".join(f"`{member.value}`" for member in hint)
    if isinstance(hint, type) and issubclass(hint, v.Part):
        return WRITTEN_AS_TEXT.get(hint) or f"[{hint.__name__}](#{hint.__name__.lower()})"
    return {bool: "`true` or `false`", int: "a number", str: "a text"}.get(hint, str(hint))

"""What a selection says: which children of a class to propose for a choice, for which reasons, in which order."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from workflows.engine.vocabulary import Key, Label, Part, SpanText, one_or_many

Condition = Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class Ground(Part):
    """Something that is said of a child while a condition holds."""

    key: Key
    when: Condition
    says: Label


class Selection(Part):
    """A choice among the children of a class; the key stands under `selection:`.

    The order of `reasons` is the order of the children: those for whom the first reason holds come first, among equals
    those for whom the second holds, and so on; then those with less `against` them. Nothing is weighed or added up.
    """

    key: Annotated[Key, Field(alias="selection")]
    title: Label
    help: Label | None = None
    by: Annotated[tuple[Key, ...], BeforeValidator(one_or_many), Field(min_length=1)]
    marks: Literal["focus"]
    at_least: Annotated[int, Field(ge=0, le=100)] = 0
    at_most: Annotated[int, Field(ge=1, le=100)]
    among: Condition | None = None
    counted_for: SpanText
    reasons: Annotated[tuple[Ground, ...], Field(min_length=1, max_length=30)]
    against: Annotated[tuple[Ground, ...], Field(max_length=30)] = ()
    lacks: Annotated[tuple[Ground, ...], Field(max_length=30)] = ()

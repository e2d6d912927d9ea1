"""What a workflow says of cases beside each other: who takes part, what may stand once, how many at most."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints

from workflows.engine.vocabulary import Key, Label, Part, one_or_many

OPENER = "opener"
ASKED = "asked"  # the relation of those who were let into a confidential case because they were asked or told
SUBJECT = "subject"
PLACES = ("class", "school", "township", "county", "city")

Condition = Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class Participation(Part):
    """Who takes part in a case under a relation: the person or place that a field names, or whoever opened it.

    `as` is the role whose permissions the part gives over the case and its child; without it the part only opens a
    confidential case. `holders` makes the holders of a role at the named place take part. At the end of
    the case every part ends.
    """

    source: Annotated[Key, Field(alias="from")]
    works_as: Annotated[Key | None, Field(alias="as")] = None
    holders: Key | None = None


class Unique(Part):
    """What no two open cases of a workflow may have in common: the subject, or answers of its forms."""

    of: Annotated[tuple[Key, ...], BeforeValidator(one_or_many), Field(min_length=1)]
    unless: Condition | None = None
    explain: Label


class Quota(Part):
    """At most so many open cases for each place of a level, or for each person of a relation.

    `override` names a field of the form: a reason written there lets one more through, on record.
    """

    per: Key
    at_most: Annotated[int, Field(ge=1, le=100_000)]
    override: Key | None = None
    explain: Label

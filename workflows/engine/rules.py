"""What a form says of several answers together: rules that must hold, and what it reads of the case beside them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from workflows.engine.vocabulary import Key, Label, Part, Protection, Source, one_or_many


class Rule(Part):
    """What must hold of several answers together, the sentence for whoever breaks it, and where the sentence stands.

    It refuses only what is certainly wrong: as long as something that it reads is not filled in (or not readable) and
    would decide it, it says nothing. Nor does it where none of the fields `at` which it stands is asked.
    """

    must: Source
    text: Label
    at: Annotated[tuple[Key, ...], BeforeValidator(one_or_many), Field(min_length=1, max_length=12)]


class CaseFact(Part):
    """An answer of the case's other forms that the form's conditions may read, as `case.` and its key.

    `class` is that of the answer where it is asked, or a narrower one.
    """

    key: Key
    type: Literal["text", "number", "date", "datetime", "yes_no", "choice", "multi_choice", "rows"]
    protection: Annotated[Protection, Field(alias="class")] = Protection.P1

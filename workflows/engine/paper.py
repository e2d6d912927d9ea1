"""What a definition says of paper: the parts of a printed page, its copies, and who signs where."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints

from workflows.engine.vocabulary import Key, Label, Part, one_or_many

FACT_PATTERN = r"^[a-z][a-z0-9_]{0,59}(\.[a-z][a-z0-9_]*)?$"

PaperFact = Annotated[str, StringConstraints(pattern=FACT_PATTERN)]


class Signer(Part):
    """A cell to sign in: whose, what they declare with it, and whether a seal has its place there."""

    label: Label
    says: Label | None = None
    seal: bool = False


class PaperPart(Part):
    """One part of a paper under its heading: exactly one of `form`, `fields`, `says` and `trail`.

    `form` prints what those forms were filled in with, the latest of all or `each`; a `blank` one is printed empty, for
    filling in by hand, while it may still come. `fields` are answers of the case, `says` is wording, `trail` is
    every step with who took it, when, and the opinion given.
    """

    title: Label | None = None
    form: Annotated[tuple[Key, ...], BeforeValidator(one_or_many), Field(max_length=12)] = ()
    each: bool = False
    blank: bool = False
    fields: Annotated[tuple[Key, ...], Field(max_length=60)] = ()
    says: Annotated[tuple[Label, ...], Field(max_length=20)] = ()
    trail: bool = False


class Paper(Part):
    """A paper that a case is printed as: `facts` stand on top, answers of the case or facts of its subject.

    Each of `copies` is a page of its own, marked with whose it is.
    """

    title: Label
    copies: Annotated[tuple[Label, ...], Field(max_length=4)] = ()
    facts: Annotated[tuple[PaperFact, ...], Field(max_length=20)] = ()
    parts: Annotated[tuple[PaperPart, ...], Field(min_length=1, max_length=30)]
    signed_by: Annotated[tuple[Signer, ...], Field(max_length=6)] = ()


class CardHead(Part):
    """Makes a form the contact card of a child: its bound fields print what is on file.

    `numbers` are the roles of the school whose names and numbers stand on it, in their order.
    """

    note: Label | None = None
    numbers: Annotated[tuple[Key, ...], Field(max_length=8)] = ()
    signed_by: Annotated[tuple[Signer, ...], Field(max_length=6)] = ()


def plain_paper(title: Label, forms: tuple[str, ...]) -> Paper:
    """Return the paper of a workflow that says nothing of paper: every form filled in, every step, two signatures."""
    filled = [PaperPart(form=(form,), each=True) for form in forms]
    trail = PaperPart(title=Label(zh="办理过程和意见", en="Steps and opinions"), trail=True)
    signers = (
        Signer(label=Label(zh="经办人", en="Handled by")),
        Signer(label=Label(zh="负责人", en="In charge"), seal=True),
    )
    return Paper(title=title, parts=(*filled, trail), signed_by=signers)

"""What an operation raises when it will not do what was asked: a code for programs and a sentence for people."""

from __future__ import annotations

from collections.abc import Mapping

from workflows.engine.vocabulary import Label
from workflows.text import Text, text

Words = Text | Label  # a sentence of the program, or one that a definition's author wrote


class Refusal(Exception):
    """The request is refused and nothing was changed; `faults` names the fields at fault where there are any."""

    def __init__(self, code: str, message: Words, faults: Mapping[str, Words] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.faults = dict(faults or {})


class Denied(Refusal):
    """The person may not do this; recorded in the audit trail as a refused attempt."""


class Missing(Refusal):
    """What was asked for does not exist for this person, whether or not it exists for others."""


class Stale(Refusal):
    """Somebody else changed the row since it was read; `faults` may hold what they wrote."""


def faster() -> Stale:
    """Return the refusal of a step on a case that somebody else has handled meanwhile."""
    return Stale("someone_was_faster", text("这件事项刚被别人办理过，请看最新情况"))

"""Words for people that leave this room untranslated: a Chinese sentence and its values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Text:
    """A sentence (`msgid`, simplified Chinese with `{name}` places) and the values that fill it."""

    msgid: str
    params: dict[str, Any] = field(default_factory=dict, hash=False)

    def render(self, translate: Callable[[str], str]) -> str:
        """Fill the sentence that `translate` gives for the msgid; values that are texts are translated too."""
        if not self.params:
            return translate(self.msgid)
        values = {k: v.render(translate) if isinstance(v, Text) else v for k, v in self.params.items()}
        return translate(self.msgid).format(**values)

    def __str__(self) -> str:
        return self.render(lambda msgid: msgid)


def text(msgid: str, /, **params: Any) -> Text:
    """Mark a sentence for translation (the extraction keyword) and carry its values along."""
    return Text(msgid, params)

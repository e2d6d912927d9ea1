"""A list to choose from that still shows a value held from elsewhere, such as a register's own word."""

from __future__ import annotations

import wtforms
from wtforms.fields.choices import Choice


class SelectField(wtforms.SelectField):
    """Shows what is held although no choice says it: saving the form then asks for a choice instead of losing it."""

    def iter_choices(self) -> list[Choice]:
        """Return the choices, the held value last where it is none of them."""
        known: list[Choice] = super().iter_choices()
        if self.data and all(choice.value != self.data for choice in known):
            known.append(Choice(value=self.data, label=self.data, selected=True, render_kw={}))
        return known

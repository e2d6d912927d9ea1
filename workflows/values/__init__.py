"""What forms and imports take for a value: one answer per written form, with a note of what was mended."""

from __future__ import annotations

from workflows.values.parsed import Cell, Parsed, ValueRefused, as_text, is_blank, is_nothing

__all__ = ["Cell", "Parsed", "ValueRefused", "as_text", "is_blank", "is_nothing"]

"""The one exception for a register that cannot be read as a whole."""

from __future__ import annotations

from workflows.text import Text


class RosterFault(ValueError):
    """A file that gives no rows: `code` and a sentence that names the place and the mend.

    Codes: `empty_file`, `unreadable_file`, `file_too_big`, `too_many_rows`, `no_heading_found`,
    `missing_required_heading`, `field_mapped_twice`, `unknown_field`.
    """

    def __init__(self, code: str, text: Text) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text

"""A fault in the text of a definition: where it stands, its code, and what to tell the author."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workflows.text import Text


@dataclass(frozen=True)
class Problem:
    """One fault; line and column count from 1."""

    file: str
    line: int
    column: int
    code: str
    message: Text

    def as_json(self) -> dict[str, Any]:
        """Give the fault as `definitions check --json` prints it."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "code": self.code,
            "message": str(self.message),
        }

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message} [{self.code}]"

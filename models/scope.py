"""Row scope: which rows a person's posts and parts let them see, and the kinds of rows that it narrows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, ClassVar

from sqlalchemy import BigInteger, ColumnElement, String, and_, false, or_, true
from sqlalchemy.orm import Mapped, mapped_column

from models.types import new_id

LEVELS = ("city", "county", "township", "school", "class")
REACHES = (*LEVELS, "child", "case")  # beside a place's subtree, the rows of one child or of one case
NO_PLACE = "-"
_LEVEL_CODES = attrgetter(*(f"{level}_code" for level in LEVELS))
EVERY_CIRCLE = "*"


class ScopeMissing(RuntimeError):
    """A session without a scope touched a scoped table."""


class OutOfScope(RuntimeError):
    """A flush would write a row outside the session's scope, or move a row's record of its first school."""


@dataclass(frozen=True)
class Branch:
    """A subtree of the organisation, or one child's or case's rows: those whose code at `level` is `code`."""

    level: str
    code: str

    def __post_init__(self) -> None:
        if self.level not in REACHES or not self.code or self.code == NO_PLACE or "," in self.code:
            raise ValueError(f"no such branch: {self.level} {self.code!r}")

    def covers(self, codes: Mapping[str, str]) -> bool:
        """Tell whether a row with these level codes lies under the branch."""
        return codes.get(self.level) == self.code


@dataclass(frozen=True)
class Scope:
    """What a session may see: branches, or everything under a named system scope.

    Rows of a confidential case are seen only if its circle is among `circles` (`*` for all) or the case among `parts`,
    the cases that the person takes part in; this narrows what the branches show and never widens it.
    """

    branches: frozenset[Branch] = frozenset()
    system: str | None = None
    circles: frozenset[str] = frozenset()
    parts: frozenset[int] = frozenset()

    @classmethod
    def of(cls, branches: Iterable[Branch], circles: Iterable[str] = (), parts: Iterable[int] = ()) -> Scope:
        """Make a scope of the union of branches."""
        return cls(frozenset(branches), None, frozenset(circles), frozenset(parts))

    def covers(self, codes: Mapping[str, str]) -> bool:
        """Tell whether a row with these level codes is inside."""
        return self.system is not None or any(b.covers(codes) for b in self.branches)

    def codes_by_level(self) -> dict[str, list[str]]:
        """Return the codes of the branches, sorted, for each level (or `child`, `case`) that has any."""
        found: dict[str, list[str]] = {}
        for branch in self.branches:
            found.setdefault(branch.level, []).append(branch.code)
        return {level: sorted(codes) for level, codes in found.items()}

    def values_by_level(self) -> dict[str, list[Any]]:
        """Return the codes as their columns hold them: children and cases have numbers."""
        found = self.codes_by_level()
        return {key: list(map(int, codes)) if key in KEYED else list(codes) for key, codes in found.items()}

    def row_condition(self, cls: type[Any]) -> ColumnElement[bool]:
        """Return the scope as a condition for tables that the session does not narrow, and for Core SQL."""
        if self.system is not None:
            return true()
        covered = covered_by(cls, self.values_by_level())
        return and_(covered, self.circle_condition(cls)) if issubclass(cls, Circled) else covered

    def circle_condition(self, cls: type[Any]) -> ColumnElement[bool]:
        """Return the condition that leaves out the confidential cases of others."""
        if self.system is not None or EVERY_CIRCLE in self.circles:
            return true()
        return open_to(cls, sorted(self.circles), sorted(self.parts))


def system_scope(name: str) -> Scope:
    """Return the scope of a named part of the system (log-in, worker, sealer) that works across all places."""
    return Scope(system=name)


class Placed:
    """Level codes of a row, set by the server; `-` where a level does not exist."""

    scope_kind: ClassVar[str]

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False, default=new_id)
    city_code: Mapped[str] = mapped_column("city_code", String(40))
    county_code: Mapped[str] = mapped_column("county_code", String(40))
    township_code: Mapped[str] = mapped_column("township_code", String(40))
    school_code: Mapped[str] = mapped_column("school_code", String(40))
    class_code: Mapped[str] = mapped_column("class_code", String(40))

    @property
    def level_codes(self) -> dict[str, str]:
        """The row's code at each level."""
        return dict(zip(LEVELS, _LEVEL_CODES(self), strict=True))

    def place_at(self, codes: Mapping[str, str]) -> None:
        """Set the row's level codes from those of a place or of the child it belongs to."""
        for level in LEVELS:
            setattr(self, f"{level}_code", codes[level])


class Scoped(Placed):
    """A business row: seen and written only inside the session's business scope."""

    scope_kind: ClassVar[str] = "business"


class PlaceKeyed(Scoped):
    """A business row that belongs to a place alone."""


class ChildKeyed(Scoped):
    """A business row of a child: besides the place's people, those paired with the child see it."""

    child_id: Mapped[int] = mapped_column(BigInteger)

    @property
    def level_codes(self) -> dict[str, str]:
        """The row's code at each level, and the child."""
        return {**super().level_codes, "child": str(self.child_id)}


class Circled(Scoped):
    """A business row that may belong to a case.

    `circle` holds the workflow's key where the case is confidential, else nothing.
    """

    case_id: Mapped[Any] = mapped_column(BigInteger)
    circle: Mapped[str] = mapped_column(String(60), default="", server_default="")


class CaseKeyed(Circled):
    """A business row of a case: besides the place's people, those who take part in the case see it."""

    case_id: Mapped[int] = mapped_column(BigInteger)

    @property
    def level_codes(self) -> dict[str, str]:
        """The row's code at each level, and the case."""
        return {**super().level_codes, "case": str(self.case_id)}


class EitherKeyed(Circled):
    """A business row of a child or a case, or of both: those paired with the one or in the other see it."""

    child_id: Mapped[int | None] = mapped_column(BigInteger)
    case_id: Mapped[int | None] = mapped_column(BigInteger)

    @property
    def level_codes(self) -> dict[str, str]:
        """The row's code at each level, and its child and case where it has one."""
        keys = {"child": self.child_id, "case": self.case_id}
        return {**super().level_codes, **{key: str(found) for key, found in keys.items() if found is not None}}


KEYED: Mapping[str, tuple[type[Scoped], ...]] = {"child": (ChildKeyed, EitherKeyed), "case": (CaseKeyed, EitherKeyed)}


class AuditScoped(Placed):
    """A row of the audit trail: seen only by a session opened on the trail, written by every operation."""

    scope_kind: ClassVar[str] = "audit"
    case_id: Mapped[int | None] = mapped_column(BigInteger)
    circle: Mapped[str] = mapped_column(String(60), default="", server_default="")


def covered_by(cls: type[Any], codes: Mapping[str, Any]) -> ColumnElement[bool]:
    """Return the condition for rows under branches; `codes` are lists by level (`child`, `case`), or bound lists."""
    inside = [getattr(cls, f"{level}_code").in_(codes[level]) for level in LEVELS if level in codes]
    inside += [
        getattr(cls, f"{key}_id").in_(codes[key]) for key in KEYED if key in codes and issubclass(cls, KEYED[key])
    ]
    return or_(false(), *inside)


def open_to(cls: type[Any], circles: Any, parts: Any) -> ColumnElement[bool]:
    """Return the condition for rows of no confidential case, of one in given circles, or of one of given number."""
    return or_(cls.circle == "", cls.circle.in_(circles), cls.case_id.in_(parts))

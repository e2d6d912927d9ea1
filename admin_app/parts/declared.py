"""What the body of a screen declares, and the ways in which every part of it asks for rows and addresses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from flask import request, url_for
from sqlalchemy import Select, select

from admin_app.desk import may, read_session
from admin_app.forms.fact_form import Shape
from admin_app.listing.column import Column
from admin_app.listing.filters import Choice
from admin_app.listing.page import SortOrder
from admin_app.security import local_path
from models.database import OfficeSession
from models.place import Place
from workflows.policy import Permission
from workflows.refusal import Missing
from workflows.text import Text, text

DONE = text("已办理")


@dataclass(frozen=True)
class Verb:
    """Something that is done to a row: an operation called with (number, rev), asked about before where it says so."""

    key: str
    label: Text
    permission: Permission
    run: Callable[[int, int], Any]
    icon: str = "check"
    kind: str = "plain"
    consequences: tuple[Text, ...] = ()
    fits: Callable[[Any], bool] = lambda row: True
    in_batch: bool = False
    done: Text = DONE


class Declared:
    """A screen's declarations; what is not declared does not exist."""

    row_class: ClassVar[type[Any]]
    key: ClassVar[str]
    path: ClassVar[str]
    title: ClassVar[Text]
    permissions: ClassVar[Mapping[str, Permission]] = {}
    columns: ClassVar[Sequence[Column]] = ()
    sort_orders: ClassVar[Sequence[SortOrder]] = ()
    filters: ClassVar[Sequence[Choice]] = ()
    verbs: ClassVar[Sequence[Verb]] = ()
    sizes: ClassVar[Sequence[int]] = (50, 20, 100)
    search: ClassVar[Text | None] = None
    by_place: ClassVar[str | None] = None  # the lowest level by which the list can be narrowed
    new_shape: ClassVar[Shape | None] = None
    shape: ClassVar[Shape | None] = None
    new_label: ClassVar[Text] = text("新建")
    routes: ClassVar[Mapping[str, str]] = {}

    def allows(self, action: str) -> bool:
        """Tell whether the screen offers an action to this person."""
        return action in self.permissions and may(self.permissions[action])

    def reading(self, action: str = "list") -> OfficeSession:
        """Return the session over the rows for which this person has the action's permission."""
        return read_session(self.permissions[action])

    def address(self, view: str, **values: Any) -> str:
        """Return the address of one of the screen's routes."""
        return url_for(f"{self.key}.{view}", **values)

    def back(self) -> str:
        """Return where to go after a form: a path of this site, else the list."""
        return local_path(request.args.get("back") or request.form.get("back")) or self.address("index_view")

    def statement(self, session: OfficeSession) -> Select[Any]:
        """Return the rows of the list, before filters; a screen may select more beside the row.

        Places are a directory that sessions do not narrow; screens narrow it by the session's scope.
        """
        statement = select(self.row_class)
        if issubclass(self.row_class, Place):
            statement = statement.where(session.info["scope"].row_condition(Place))
        return statement

    def find(self, session: OfficeSession, number: int) -> Any:
        """Return one row of the session's scope by the same rules as the list; raises Missing."""
        row = session.scalars(self.statement(session).where(self.row_class.id == number)).first()
        if row is None:
            raise Missing("not_found", text("没有这条记录"))
        return row

    def name_of(self, row: Any) -> str:
        """Return what a row is called in titles."""
        return str(getattr(row, "name", row.id))

    def after_row(self, row: Any) -> str:
        """Return where a page about a row leads back to: the row's page, else the list."""
        if row is not None and self.allows("read"):
            return self.address("details_view", id=row.id)
        return self.back()

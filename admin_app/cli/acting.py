"""Lets a command act as a person of the installation: with their posts of today, their scope, on record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Concatenate, ParamSpec, TypeVar

import click
from sqlalchemy import select

from admin_app.cli import Desk
from models.database import Database, OfficeSession
from models.place import Place
from models.scope import system_scope
from workflows import audit
from workflows.actor import Actor
from workflows.audit import Happening
from workflows.clock import local_day, system_clock
from workflows.operations.setting import policy_in_force
from workflows.people import actor_by_login
from workflows.policy import Permission, Policy
from workflows.refusal import Denied
from workflows.text import text
from workflows.transaction import Origin, Transaction, describe, transaction

P = ParamSpec("P")
R = TypeVar("R")
ORIGIN = Origin("command", "local")


@dataclass(frozen=True)
class Acting:
    """A person at the shell, and the database they work on."""

    database: Database
    actor: Actor
    policy: Policy

    @contextmanager
    def reading(self, permission: Permission) -> Iterator[OfficeSession]:
        """Open a session on the rows for which the person has a permission; raises Denied for none, on record."""
        scope = self.policy.scope(self.actor, permission)
        if not scope.branches:
            refusal = Denied("not_permitted", text("你的岗位不能查看这一页"))
            self._record_denial(refusal, permission)
            raise refusal
        with self.database.session(scope) as session:
            yield session

    def directory(self) -> OfficeSession:
        """Open a session on all rows, for what is counted whoever may see it; its rows are shown to nobody."""
        return self.database.session(system_scope("directory"))

    def perform(
        self,
        operation: Callable[Concatenate[Transaction, P], R],
        permission: Permission,
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """Run one operation in one transaction, in the scope of a permission; a denied attempt goes on record."""
        scope = self.policy.scope(self.actor, permission)
        try:
            self.policy.require(self.actor, permission)
            with transaction(
                self.database, self.actor, self.policy, scope, origin=ORIGIN, clock=system_clock
            ) as running:
                return operation(running, *args, **kwargs)
        except Denied as refusal:
            self._record_denial(refusal, permission)
            raise

    def record(self, happening: Happening) -> None:
        """Put a read on record before its answer leaves."""
        post = next(self.actor.posts_over(happening.codes), None) if happening.codes else None
        with self.database.transaction(system_scope("audit")) as session:
            audit.write(session, [happening], describe(self.actor, post, ORIGIN), system_clock())

    def _record_denial(self, refusal: Denied, permission: Permission) -> None:
        facts = {"code": refusal.code, "permission": str(permission), "path": click.get_current_context().command_path}
        self.record(Happening("access.denied", "command", outcome="refused", facts=facts, codes=self._first_place()))

    def _first_place(self) -> dict[str, str] | None:
        if not self.actor.posts:
            return None
        with self.directory() as session:
            place = session.scalars(select(Place).where(Place.id == self.actor.posts[0].place_id)).one_or_none()
        return None if place is None else place.level_codes


@contextmanager
def acting_as(desk: Desk, login: str) -> Iterator[Acting]:
    """Open the installation's database and load a person with the posts they hold today."""
    database = desk.database()
    try:
        with database.session(system_scope("command")) as session:
            actor = actor_by_login(session, login, local_day(system_clock()))
            policy = policy_in_force(session)
        if actor is None:
            raise click.UsageError(f"没有启用的账号 {login}")
        yield Acting(database, actor, policy)
    finally:
        database.dispose()

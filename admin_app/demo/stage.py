"""Plays operations as people of the demonstration at moments of the past, each in its own transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from random import Random
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import select

from models.database import Database
from models.place import Place
from models.scope import Scope, system_scope
from workflows.actor import Actor
from workflows.clock import local_day
from workflows.people import actor_by_login
from workflows.policy import Permission, Policy, standard_policy
from workflows.transaction import Origin, Transaction, transaction

P = ParamSpec("P")
R = TypeVar("R")
SYSTEM = "demo"


@dataclass
class Stage:
    """The database, the day as of which everything is told, the places by code and the people by login."""

    database: Database
    as_of: date
    rng: Random
    policy: Policy = field(default_factory=standard_policy)
    places: dict[str, Place] = field(default_factory=dict)
    people: dict[str, Actor] = field(default_factory=dict)
    todo: list[tuple[datetime, Callable[[datetime], object]]] = field(default_factory=list)
    _requests: int = 0

    def plan(self, at: datetime, play: Callable[[datetime], object]) -> None:
        """Note something to be played at a moment."""
        self.todo.append((at, play))

    def play(self, until: datetime | None = None) -> None:
        """Play what was planned before a moment in order of time, so that the trail grows as it would have."""
        due = [planned for planned in self.todo if until is None or planned[0] < until]
        self.todo = [planned for planned in self.todo if until is not None and planned[0] >= until]
        for at, play in sorted(due, key=lambda planned: planned[0]):
            play(at)

    def act(
        self,
        login: str,
        permission: Permission,
        at: datetime,
        operation: Callable[Concatenate[Transaction, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """Run an operation as a person, in the scope that a permission gives them."""
        actor = self.people[login]
        return self._run(actor, self.policy.scope(actor, permission), at, operation, *args, **kwargs)

    def act_in_case(
        self,
        login: str,
        permission: Permission,
        at: datetime,
        operation: Callable[Concatenate[Transaction, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """Run an operation as a person with the posts and the parts in cases that they have at the moment."""
        with self.database.session(system_scope(SYSTEM)) as session:
            actor = actor_by_login(session, login, local_day(at))
        if actor is None:
            raise LookupError(f"no active account {login}")
        return self._run(actor, self.policy.scope(actor, permission), at, operation, *args, **kwargs)

    def system(
        self, at: datetime, operation: Callable[Concatenate[Transaction, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run an operation as the demonstration itself, over all places."""
        return self._run(Actor.of_system(SYSTEM), system_scope(SYSTEM), at, operation, *args, **kwargs)

    def everywhere(
        self,
        login: str,
        at: datetime,
        operation: Callable[Concatenate[Transaction, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """Run an operation as a person over all places: a log-in, the record of a refusal."""
        return self._run(self.people[login], system_scope(SYSTEM), at, operation, *args, **kwargs)

    def load(self, *logins: str) -> None:
        """Learn people's posts as of the day, and the places."""
        with self.database.session(system_scope(SYSTEM)) as session:
            self.places = {place.code: place for place in session.scalars(select(Place))}
            for login in logins:
                actor = actor_by_login(session, login, self.as_of)
                if actor is None:
                    raise LookupError(f"no active account {login}")
                self.people[login] = actor

    def _run(
        self,
        actor: Actor,
        scope: Scope,
        at: datetime,
        operation: Callable[Concatenate[Transaction, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        self._requests += 1
        # One office computer each: the addresses are of the block kept for examples (RFC 5737).
        origin = Origin(f"demo-{self._requests:06d}", f"192.0.2.{10 + (actor.staff_id or 0) % 200}")
        with transaction(self.database, actor, self.policy, scope, origin=origin, clock=lambda: at) as tx:
            return operation(tx, *args, **kwargs)

"""Who acts: a person with the posts they hold today, or a named part of the system."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from models.scope import Branch

OFFICE = "office"  # the role that runs a place's affairs: told what concerns it, and asked where nobody else is left
# Roles that reach a child or case by taking part in it only, never by their appointment.
PAIRED = frozenset({"helper", "proxy_parent", "inspection_member"})


@dataclass(frozen=True)
class Behalf:
    """The absent person for whom a deputy acts, by which delegation and in which workflows (none named: in all)."""

    delegation_id: int
    staff_id: int
    name: str
    login: str
    workflows: frozenset[str] = frozenset()

    def covers(self, workflow: str) -> bool:
        """Tell whether the deputy acts in a workflow."""
        return not self.workflows or workflow in self.workflows


@dataclass(frozen=True)
class Post:
    """One appointment, or one part in a case, as far as access is concerned; its number is the grant events cite.

    A part reaches the case and its child instead of a place; `relation` says as what, `role` whose permissions it has.
    `behalf` is whose post it is where a deputy holds it for the time of an absence.
    """

    appointment_id: int
    role: str
    place_id: int
    branch: Branch
    place_name: str
    relation: str | None = None
    behalf: Behalf | None = None

    @property
    def grant(self) -> str:
        """The grant's number as people read it."""
        if self.behalf is not None:
            return f"D-{self.behalf.delegation_id}"
        return f"{'G' if self.relation is None else 'P'}-{self.appointment_id}"

    @property
    def reaches(self) -> bool:
        """Tell whether the post gives its role's permissions where it stands."""
        return self.relation is not None or self.role not in PAIRED


@dataclass(frozen=True)
class Actor:
    """A person (or `system` part) with name and posts; immutable for the length of a request."""

    staff_id: int | None
    name: str
    login: str = ""
    posts: tuple[Post, ...] = ()
    system: str | None = None
    deputed: tuple[Post, ...] = ()  # posts and parts of absent people, for the time they are away
    preferences: Mapping[str, str] = field(default_factory=dict, hash=False, compare=False)
    lists: Mapping[str, Any] = field(default_factory=dict, hash=False, compare=False)  # chosen columns, saved views

    @classmethod
    def of_system(cls, name: str) -> Actor:
        """Return a part of the system (worker, demo, command) as actor."""
        return cls(staff_id=None, name=name, system=name)

    @property
    def roles(self) -> frozenset[str]:
        """The roles of all posts."""
        return frozenset(post.role for post in self.posts)

    @property
    def parts(self) -> frozenset[int]:
        """The cases that the person takes part in."""
        return frozenset(int(post.branch.code) for post in self.posts if post.branch.level == "case")

    @property
    def paired(self) -> frozenset[int]:
        """The children that the person reaches by taking part in a case of theirs."""
        return frozenset(int(post.branch.code) for post in self.posts if post.branch.level == "child")

    def posts_over(self, codes: Mapping[str, str]) -> Iterator[Post]:
        """Yield the posts and parts that cover a row with these level codes."""
        return (post for post in self.posts if post.reaches and post.branch.covers(codes))

    def posts_in(self, workflow: str, codes: Mapping[str, str]) -> Iterator[Post]:
        """Yield what covers a row in a workflow: the person's own posts and parts, then those held for others."""
        yield from self.posts_over(codes)
        for post in self.deputed:
            if post.reaches and post.behalf is not None and post.behalf.covers(workflow) and post.branch.covers(codes):
                yield post

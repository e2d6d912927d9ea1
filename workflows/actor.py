"""Who acts: a person with the posts they hold today, or a named part of the system."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from models.scope import Branch


@dataclass(frozen=True)
class Post:
    """One appointment as far as access is concerned; its number is the grant that events cite."""

    appointment_id: int
    role: str
    place_id: int
    branch: Branch
    place_name: str

    @property
    def grant(self) -> str:
        """The grant's number as people read it."""
        return f"G-{self.appointment_id}"


@dataclass(frozen=True)
class Actor:
    """A person (or `system` part) with name and posts; immutable for the length of a request."""

    staff_id: int | None
    name: str
    login: str = ""
    posts: tuple[Post, ...] = ()
    system: str | None = None
    preferences: Mapping[str, str] = field(default_factory=dict, hash=False, compare=False)

    @classmethod
    def of_system(cls, name: str) -> Actor:
        """Return a part of the system (worker, demo, command) as actor."""
        return cls(staff_id=None, name=name, system=name)

    @property
    def roles(self) -> frozenset[str]:
        """The roles of all posts."""
        return frozenset(post.role for post in self.posts)

    def posts_over(self, codes: Mapping[str, str]) -> Iterator[Post]:
        """Yield the posts whose place covers a row with these level codes."""
        return (post for post in self.posts if post.branch.covers(codes))

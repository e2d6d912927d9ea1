"""Who may do what: a closed list of permissions, given to roles by the matrix; what is not given is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path

from ruamel.yaml import YAML

from models.scope import EVERY_CIRCLE, Scope, system_scope
from workflows.actor import Actor, Post
from workflows.refusal import Denied
from workflows.text import text

MATRIX_FILE = Path(__file__).parent / "packs" / "standard" / "permissions.yaml"
FIELD_CLASSES = ("P0", "P1", "P2", "P3")


class Permission(StrEnum):
    """Everything that can be permitted; a screen, command or operation names exactly one."""

    CHILD_LIST = "child:list"
    CHILD_READ = "child:read"
    CHILD_EDIT = "child:edit"
    CHILD_REVEAL = "child:reveal"
    CHILD_EXPORT = "child:export"
    CHILD_CHANGES = "child:changes"
    CHILD_MOVE = "child:move"
    ROSTER_IMPORT = "roster:import"
    ROSTER_UNDO = "roster:undo"
    HEADING_MANAGE = "heading:manage"
    WAVE_OPEN = "wave:open"
    TURN_MANAGE = "turn:manage"
    CASE_LIST = "case:list"
    CASE_READ = "case:read"
    CASE_ACT = "case:act"
    CASE_WATCH = "case:watch"
    RECORD_LIST = "record:list"
    RECORD_READ = "record:read"
    RECORD_WRITE = "record:write"
    RECORD_VOID = "record:void"
    RECORD_MEND = "record:mend"
    RECORD_EXPORT = "record:export"
    INSPECTION_LIST = "inspection:list"
    INSPECTION_DRAW = "inspection:draw"
    REPORT_READ = "report:read"
    AUDIT_READ = "audit:read"
    PLACE_READ = "place:read"
    PLACE_MANAGE = "place:manage"
    STAFF_READ = "staff:read"
    STAFF_MANAGE = "staff:manage"
    STAFF_ACTIVATE = "staff:activate"
    STAFF_APPOINT = "staff:appoint"
    TERM_MANAGE = "term:manage"
    CHANNEL_MANAGE = "channel:manage"
    SETTING_MANAGE = "setting:manage"


# What a deputy does for an absent person: read and handle cases, nothing of the person's other rights.
DEPUTED = frozenset({Permission.CASE_LIST, Permission.CASE_READ, Permission.CASE_ACT})
AUDIT_PERMISSIONS = frozenset({Permission.AUDIT_READ, Permission.CHILD_CHANGES})


@dataclass(frozen=True)
class RoleRules:
    """What one role may do, up to which field class it sees, and whose confidential cases it reads (`*` for all).

    `opens` are the workflows whose cases it reads without taking part in them, each up to a field class.
    """

    label: Mapping[str, str]
    may: frozenset[Permission]
    officers_off: frozenset[Permission]
    sees: str
    circles: frozenset[str] = frozenset()
    opens: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Policy:
    """The matrix in force, and whether the three officers are separate."""

    roles: Mapping[str, RoleRules]
    officers: frozenset[str]
    separate_officers: bool = True

    def allows(self, role: str, permission: Permission) -> bool:
        """Tell whether a role has a permission."""
        rules = self.roles.get(role)
        if rules is None:
            return False
        return permission in rules.may or (not self.separate_officers and permission in rules.officers_off)

    def has_anywhere(self, actor: Actor, permission: Permission) -> bool:
        """Tell whether any post of the actor gives the permission."""
        return actor.system is not None or any(self._giving(actor, permission))

    def _giving(self, actor: Actor, permission: Permission) -> Iterator[Post]:
        """Yield what gives a permission: the person's own posts and parts, of cases also those they hold for others."""
        held = (*actor.posts, *actor.deputed) if permission in DEPUTED else actor.posts
        return (post for post in held if post.reaches and self.allows(post.role, permission))

    def scope(self, actor: Actor, permission: Permission) -> Scope:
        """Return the rows for which the actor has the permission: the places, children and cases of what gives it."""
        if actor.system is not None:
            return system_scope(actor.system)
        giving = list(self._giving(actor, permission))
        circles = (circle for post in giving for circle in self._circles(post))
        return Scope.of((post.branch for post in giving), circles, actor.parts.union(*map(_part_held, giving)))

    def _circles(self, post: Post) -> Iterator[str]:
        for circle in self.roles[post.role].circles:
            if post.behalf is None or post.behalf.covers(circle):
                yield circle

    def post_for(self, actor: Actor, permission: Permission, codes: Mapping[str, str]) -> Post | None:
        """Return the post that gives the permission over a row, None when there is none."""
        return next((post for post in self._giving(actor, permission) if post.branch.covers(codes)), None)

    def leads_circle(self, actor: Actor, circle: str, codes: Mapping[str, str]) -> bool:
        """Tell whether a post over a row opens the confidential cases of a workflow without taking part in them."""
        return any(self.opens_circle(post.role, circle) for post in actor.posts_in(circle, codes))

    def opens_circle(self, role: str, circle: str) -> bool:
        """Tell whether a role reads the confidential cases of a workflow."""
        rules = self.roles.get(role)
        return rules is not None and (circle in rules.circles or EVERY_CIRCLE in rules.circles)

    def require(self, actor: Actor, permission: Permission, codes: Mapping[str, str] | None = None) -> Post | None:
        """Return the post that gives the permission (over a row, where codes are given); raise Denied otherwise."""
        if actor.system is not None:
            return None
        anywhere = next(self._giving(actor, permission), None)
        post = anywhere if codes is None else self.post_for(actor, permission, codes)
        if post is None:
            raise Denied("not_permitted", text("你的岗位不能办理这一项"))
        return post

    def sees(self, actor: Actor, codes: Mapping[str, str], workflow: str = "") -> str:
        """Return the highest field class (`P0`…`P3`) that the actor's posts let them see on a row, or on a case's."""
        if actor.system is not None:
            return "P3"
        held = actor.posts_in(workflow, codes) if workflow else actor.posts_over(codes)
        rules = [self.roles[post.role] for post in held if post.role in self.roles]
        return max((max(one.sees, one.opens.get(workflow, "P0")) for one in rules), default="P0")

    def scope_opened(self, actor: Actor, workflow: str) -> Scope:
        """Return the places at which the actor reads the cases of a workflow without taking part in them."""
        giving = (post for post in actor.posts if post.reaches and post.role in self.roles)
        return Scope.of(post.branch for post in giving if workflow in self.roles[post.role].opens)


def _part_held(post: Post) -> frozenset[int]:
    """Return the case of a part that a deputy holds in every workflow; of a confidential one it opens the circle."""
    if post.behalf is None or post.behalf.workflows or post.branch.level != "case":
        return frozenset()
    return frozenset({int(post.branch.code)})


@cache
def standard_policy(separate_officers: bool = True) -> Policy:
    """Return the policy of the standard pack."""
    raw = YAML(typ="safe").load(MATRIX_FILE)
    roles = {
        role: RoleRules(
            label=rules["label"],
            may=frozenset(Permission(p) for p in rules["may"]),
            officers_off=frozenset(Permission(p) for p in rules.get("officers_off", ())),
            sees=rules["sees"],
            circles=frozenset(rules.get("circles", ())),
            opens=dict(rules.get("opens", {})),
        )
        for role, rules in raw["roles"].items()
    }
    return Policy(roles, frozenset(raw["officers"]), separate_officers)

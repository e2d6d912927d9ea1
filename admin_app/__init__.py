"""The site: `create_app`, loaded when it is first asked for, so that commands start without it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from admin_app.site import create_app

__all__ = ["create_app"]


def __getattr__(name: str) -> Any:
    """Return `create_app` from its module."""
    if name != "create_app":
        raise AttributeError(name)
    return importlib.import_module("admin_app.site").create_app

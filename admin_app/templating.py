"""The environment of the templates: in a dictionary it looks for a key first; it walks columns and cells together."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask.templating import Environment

_ABSENT = object()


class OfficeEnvironment(Environment):
    """Pages are drawn from dictionaries, and to miss an attribute first costs more than the rest of the drawing."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return the key of a dictionary, else the attribute, else the item, else undefined."""
        if type(obj) is dict:
            if attribute in obj:
                return obj[attribute]
            found = getattr(obj, attribute, _ABSENT)
            return self.undefined(obj=obj, name=attribute) if found is _ABSENT else found
        return super().getattr(obj, attribute)


def bind(app: Flask) -> None:
    """Draw the site's templates in it; to be called before anything asks for the environment."""
    app.jinja_environment = OfficeEnvironment
    app.jinja_env.globals["zip"] = zip

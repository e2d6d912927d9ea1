"""A form with the hidden fields that our pages send along."""

from __future__ import annotations

from typing import Any

from flask_wtf.csrf import generate_csrf
from markupsafe import Markup, escape
from wtforms import Form


class Posted:
    """A WTForms form with the hidden fields that our pages send along."""

    def __init__(self, form: Form, key: str) -> None:
        self._form, self._key = form, key

    def hidden_tag(self) -> Markup:
        """Return the CSRF token and the request's key, so that sending twice has one effect."""
        token, key = escape(generate_csrf()), escape(self._key)
        return Markup(  # noqa: S704 — both values are escaped above
            f'<input type="hidden" name="csrf_token" value="{token}">'
            f'<input type="hidden" name="request_key" value="{key}">'
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(self._form, name)

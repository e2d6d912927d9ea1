"""The site as a WSGI application, for servers that import it: settings come from the environment."""

from __future__ import annotations

from admin_app import create_app
from admin_app.config import Settings

app = create_app(Settings.from_environment())

"""The site as a WSGI application, for servers that import it: settings come from the environment."""

from __future__ import annotations

import gc

# Collecting garbage while everything is being imported finds nothing and costs a fifth of the start.
gc.disable()

from admin_app import create_app  # noqa: E402
from admin_app.config import Settings  # noqa: E402

app = create_app(Settings.from_environment())
gc.freeze()
gc.enable()

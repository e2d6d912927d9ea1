"""The site as a WSGI application, for servers that import it: settings come from the environment."""

from __future__ import annotations

import gc

# Collecting garbage while everything is being imported finds nothing and costs a fifth of the start.
gc.disable()

from admin_app import create_app  # noqa: E402
from admin_app.config import Settings  # noqa: E402
from admin_app.embedded import carry_worker_here  # noqa: E402

settings = Settings.from_environment()
app = create_app(settings)
if settings.carries_worker:
    carry_worker_here(settings)
gc.freeze()
gc.enable()

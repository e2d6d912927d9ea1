"""Addresses of static files with their digest, so that browsers keep them until they change."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Flask, Response, request, url_for

YEAR = 31_536_000


DIGITS = 8  # tells versions of one file apart, and stands in every page a hundred times


@cache
def _digest(folder: str, path: str) -> str:
    return hashlib.sha256((Path(folder) / path).read_bytes()).hexdigest()[:DIGITS]


def _is_addressed(folder: str) -> bool:
    return request.args.get("v") == _digest(folder, (request.view_args or {})["filename"])


def bind(app: Flask) -> None:
    """Give templates `static_url` and let browsers keep what carries a digest."""
    folder = str(app.static_folder)

    @cache
    def address(root: str, path: str) -> str:
        # One for each place under which the site is mounted: a proxy names it in the request.
        return url_for("static", filename=path, v=_digest(folder, path))

    @app.template_global()
    def static_url(path: str) -> str:
        return address(request.root_path, path)

    @app.after_request
    def keep(response: Response) -> Response:
        # Another content than the address says (two versions at once behind a balancer) must not be kept under it.
        if request.endpoint == "static" and response.status_code == 200 and _is_addressed(folder):
            response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
        return response

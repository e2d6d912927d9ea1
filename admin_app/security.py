"""What every answer carries and every request must satisfy: content policy, cookies, hosts, sizes, proxies."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask, Response, request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest
from werkzeug.middleware.proxy_fix import ProxyFix

from admin_app.config import Settings
from admin_app.desk import origin
from models.vault import Keystore

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LARGEST_BODY = 32 * 1024 * 1024
CONTENT_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


class TrustedProxy:
    """Believes forwarded headers only when the request comes from the named proxy."""

    def __init__(self, app: WSGIApplication, address: str) -> None:
        self.plain, self.address = app, address
        self.fixed = ProxyFix(app, x_for=1, x_proto=1, x_host=1)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        chosen = self.fixed if environ.get("REMOTE_ADDR") == self.address else self.plain
        return chosen(environ, start_response)


def bind(app: Flask, settings: Settings, keystore: Keystore) -> None:
    """Set cookies, limits and headers."""
    app.config.update(
        SECRET_KEY=keystore.cookie_key,
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        MAX_FORM_MEMORY_SIZE=4 * 1024 * 1024,
        SESSION_COOKIE_NAME="shouwang",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        WTF_CSRF_TIME_LIMIT=None,  # the token lives as long as the session that it is tied to
        WTF_CSRF_SSL_STRICT=False,
    )
    if settings.trusted_proxy:
        app.wsgi_app = TrustedProxy(app.wsgi_app, settings.trusted_proxy)  # type: ignore[method-assign]
    hosts = frozenset(host.casefold() for host in settings.hosts)

    @app.before_request
    def refuse_what_no_page_sends() -> None:
        if hosts and _host_name(request.host) not in hosts:
            raise BadRequest
        # PostgreSQL has no such character: what holds it could be neither searched nor stored.
        if "\0" in request.path or _holds_nul(request.args) or _holds_nul(request.form):
            raise BadRequest

    @app.after_request
    def add_headers(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if request.endpoint != "static":
            response.headers["Cache-Control"] = "no-store"
        response.headers["X-Request-Id"] = origin().request_id
        return response


def _host_name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _holds_nul(sent: MultiDict[str, str]) -> bool:
    return any("\0" in key or any("\0" in value for value in values) for key, values in sent.lists())


def local_path(target: str | None) -> str | None:
    """Return a path on this site, None for anything that a browser could take for another one."""
    if not target or not target.startswith("/") or target.startswith("//") or "\\" in target:
        return None
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or any(ord(c) < 32 for c in target):
        return None
    return target

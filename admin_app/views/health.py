"""What a watchdog asks: is the process up, can it work, and how it is doing."""

from __future__ import annotations

import ipaddress
import time

from flask import Blueprint, Flask, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import Forbidden

from admin_app.office import current_office
from models.schema_version import newest_version, present_version
from models.scope import system_scope
from workflows.worker.beat import presence

bp = Blueprint("health", __name__)
METRICS = CollectorRegistry()
REQUESTS = Counter("shouwang_requests", "Requests answered", ("endpoint", "status"), registry=METRICS)
SECONDS = Histogram("shouwang_request_seconds", "Seconds to an answer", ("endpoint",), registry=METRICS)


@bp.get("/healthz")
def healthz() -> dict[str, str]:
    """Say that the process answers, without touching the database."""
    return {"status": "ok"}


@bp.get("/readyz")
def readyz() -> tuple[dict[str, str], int]:
    """Say whether the database can be reached and has the schema that this program needs, and whether work is done."""
    try:
        with current_office().database.engine.connect() as connection:
            version = present_version(connection)
        if version == newest_version() and _is_without_worker():
            return {"status": "unavailable", "reason": "no worker is running: shouwang worker"}, 503
    except SQLAlchemyError:
        return {"status": "unavailable", "reason": "the database does not answer"}, 503
    if version != newest_version():
        return {"status": "unavailable", "reason": f"schema {version}, needed {newest_version()}"}, 503
    return {"status": "ok", "schema": version}, 200


def _is_without_worker() -> bool:
    office = current_office()
    with office.database.session(system_scope("health")) as session:
        return presence(session, office.clock()).is_missing


@bp.get("/metrics")
def metrics() -> Response:
    """Give Prometheus its text; to this machine, and to addresses that the settings name."""
    address = request.remote_addr or ""
    # A proxy on this machine that the settings do not name stands for the whole world.
    is_here = _is_loopback(address) and "X-Forwarded-For" not in request.headers
    if not (is_here or address in current_office().settings.metrics_allow):
        raise Forbidden
    return Response(generate_latest(METRICS), content_type=CONTENT_TYPE_LATEST)


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def measure(app: Flask) -> None:
    """Count and time every answer by its endpoint."""

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()

    @app.after_request
    def end(response: Response) -> Response:
        endpoint = request.endpoint or "none"
        REQUESTS.labels(endpoint, str(response.status_code)).inc()
        if "began" in g:
            SECONDS.labels(endpoint).observe(time.perf_counter() - g.began)
        return response

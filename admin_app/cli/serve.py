"""`shouwang serve`: the production server."""

from __future__ import annotations

import errno
import importlib
import ipaddress
import multiprocessing
import os
import socket
import ssl
from pathlib import Path

import click
from granian import Granian
from granian.constants import Interfaces

from admin_app.cli import Desk, load_keys
from admin_app.config import Settings
from admin_app.embedded import carry_worker
from models.database import Database
from models.schema_version import newest_version, present_version

# Beyond two for each core they would only take the interpreter from each other.
THREADS = min(8, 2 * (os.cpu_count() or 1) + 1)
UNUSABLE = {
    errno.EADDRINUSE: "已有程序在用这个端口：请先停掉它，或换一个 --port",
    errno.EACCES: "本账号不能用 1024 以下的端口：请换一个 --port，由代理转过来",
    errno.EADDRNOTAVAIL: "本机没有这个地址",
}


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="监听的地址")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="端口")
@click.option(
    "--tls",
    nargs=2,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="CERT KEY",
    help="证书和私钥文件，由本服务直接提供 HTTPS",
)
@click.option("--trusted-proxy", default="", help="反向代理的地址，只认它转发的来源和协议")
@click.option("--workers", type=click.IntRange(1, 64), help="进程数；SQLite 默认 1，PostgreSQL 默认 2")
@click.pass_obj
def serve(
    desk: Desk, host: str, port: int, tls: tuple[Path, Path] | None, trusted_proxy: str, workers: int | None
) -> None:
    """启动网站。"""
    settings = desk.settings(trusted_proxy=trusted_proxy)
    host = _ip(host)
    is_plain = tls is None and not settings.trusted_proxy
    if is_plain and host not in ("127.0.0.1", "::1"):
        raise click.UsageError("对外服务须用 --tls 或 --trusted-proxy，否则登录凭据会明文传输")
    run_server(settings, host, port, tls=tls, workers=workers, secure=not is_plain)


def _ip(host: str) -> str:
    """Return the address as the server takes it; it looks up no names."""
    try:
        return "127.0.0.1" if host == "localhost" else str(ipaddress.ip_address(host))
    except ValueError as fault:
        raise click.UsageError(f"--host 要写本机的 IP 地址，例如 0.0.0.0，不能写 {host}") from fault


def run_server(
    settings: Settings,
    host: str,
    port: int,
    *,
    tls: tuple[Path, Path] | None = None,
    workers: int | None = None,
    secure: bool = True,
) -> None:
    """Serve until stopped; the workers read their settings from the environment."""
    is_sqlite = _check_schema(settings)
    check_address(host, port)
    if tls:
        _check_pair(*tls)
    processes = workers or (1 if is_sqlite else 2)
    carries = settings.carries_worker and processes == 1
    os.environ.update(
        SHOUWANG_INSTANCE=str(settings.instance),
        SHOUWANG_DATABASE=settings.database,
        SHOUWANG_KEYS=str(settings.keys),
        SHOUWANG_TRUSTED_PROXY=settings.trusted_proxy,
        SHOUWANG_SECURE_COOKIES="on" if secure else "off",
        SHOUWANG_CARRIES_WORKER="on" if carries else "off",
    )
    if multiprocessing.get_start_method() == "fork":
        # Workers are forked: what is loaded before is loaded once, and stands in memory once for all of them.
        importlib.import_module("admin_app.wsgi")
        if carries:
            carry_worker(settings)
    Granian(
        "admin_app.wsgi:app",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=processes,
        blocking_threads=THREADS,
        ssl_cert=tls[0] if tls else None,
        ssl_key=tls[1] if tls else None,
        log_access=False,
    ).serve()


def check_address(host: str, port: int) -> None:
    """Refuse an address that cannot be served on; workers share theirs, so that two sites on one would go unnoticed."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as fault:
        reason = UNUSABLE.get(fault.errno or 0, fault.strerror)
        raise click.UsageError(f"不能在 {host} 的 {port} 端口上服务：{reason}") from fault


def _check_pair(certificate: Path, key: Path) -> None:
    try:
        # A key under a passphrase would be asked for at each start, where nobody sits.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=lambda: "")
    except (ssl.SSLError, ValueError) as fault:
        mend = "要先写证书后写私钥，两者是一对，PEM 格式，私钥不带口令"
        raise click.UsageError(f"证书 {certificate.name} 和私钥 {key.name} 不能用：{mend}") from fault


def _check_schema(settings: Settings) -> bool:
    database = Database(settings.database, load_keys(settings), pooled=False)
    with database.engine.connect() as connection:
        version = present_version(connection)
    database.dispose()
    if version is None:
        raise click.UsageError("还没有安装，请先运行 shouwang init")
    if version != newest_version():
        raise click.UsageError(f"数据库版本 {version}，本程序需要 {newest_version()}：请先运行 shouwang upgrade")
    return database.is_sqlite

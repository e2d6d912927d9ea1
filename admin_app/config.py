"""Settings of an installation, read from the environment once at start."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

ROOT = Path(__file__).resolve().parent.parent
MOST_DAYS = 3650
ROOMS = ("admin_app", "models", "workflows")


class SettingsFault(ValueError):
    """A setting cannot be used; the message names it and the mend."""


@dataclass(frozen=True)
class Settings:
    """Where the installation keeps its things and what it trusts; every field is one environment variable.

    `instance` (SHOUWANG_INSTANCE): folder of database, keys and logs. `database` (SHOUWANG_DATABASE): URL of the
    application's database. `owner_database` (SHOUWANG_OWNER_DATABASE): the same database as its owner, for migrations.
    `keys` (SHOUWANG_KEYS): file of the keystore. `trusted_proxy` (SHOUWANG_TRUSTED_PROXY): address whose forwarded
    headers count. `hosts` (SHOUWANG_HOSTS): host names the site answers to, comma separated; empty for any.
    `metrics_allow` (SHOUWANG_METRICS_ALLOW): addresses that may read /metrics beside the machine itself.
    `uploads_kept_days` (SHOUWANG_UPLOADS_KEPT_DAYS): days after which an upload that nobody imported is deleted.
    `messages_kept_days` (SHOUWANG_MESSAGES_KEPT_DAYS): days after which sent messages and read notices are deleted.
    `site` (SHOUWANG_SITE): address of the site as people type it, for links in messages; empty for no links.
    `private_hosts` (SHOUWANG_PRIVATE_HOSTS): hosts inside the house that messages may go to, comma separated.
    `carries_worker` (SHOUWANG_CARRIES_WORKER): `off` where `serve` and `demo` with one process carry no worker along.
    `secure_cookies` (SHOUWANG_SECURE_COOKIES): `off` only where the site is served without TLS on loopback.
    """

    instance: Path
    database: str
    owner_database: str
    keys: Path
    trusted_proxy: str = ""
    hosts: tuple[str, ...] = ()
    metrics_allow: tuple[str, ...] = ()
    uploads_kept_days: int = 30
    messages_kept_days: int = 30
    site: str = ""
    private_hosts: tuple[str, ...] = ()
    carries_worker: bool = True
    secure_cookies: bool = True

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None, **chosen: object) -> Settings:
        """Read the settings; `chosen` (from the command line) goes before the environment."""
        env = os.environ if environment is None else environment
        instance = Path(str(chosen.get("instance") or env.get("SHOUWANG_INSTANCE") or ROOT / "instance"))
        database = str(
            chosen.get("database") or env.get("SHOUWANG_DATABASE") or f"sqlite:///{instance / 'shouwang.db'}"
        )
        secure = chosen.get("secure_cookies", env.get("SHOUWANG_SECURE_COOKIES", "on"))
        database = _driver("SHOUWANG_DATABASE", database)
        owner = _driver("SHOUWANG_OWNER_DATABASE", env.get("SHOUWANG_OWNER_DATABASE") or database)
        _check_same(database, owner)
        return cls(
            instance=instance,
            database=database,
            owner_database=owner,
            keys=Path(env.get("SHOUWANG_KEYS") or instance / "keys.json"),
            trusted_proxy=_address(
                "SHOUWANG_TRUSTED_PROXY",
                str(chosen.get("trusted_proxy") or env.get("SHOUWANG_TRUSTED_PROXY", "")).strip(),
            ),
            hosts=_words(env.get("SHOUWANG_HOSTS", "")),
            metrics_allow=tuple(
                _address("SHOUWANG_METRICS_ALLOW", word) for word in _words(env.get("SHOUWANG_METRICS_ALLOW", ""))
            ),
            uploads_kept_days=_days(env, "SHOUWANG_UPLOADS_KEPT_DAYS"),
            messages_kept_days=_days(env, "SHOUWANG_MESSAGES_KEPT_DAYS"),
            site=_site(env.get("SHOUWANG_SITE", "").strip()),
            private_hosts=tuple(host.lower() for host in _words(env.get("SHOUWANG_PRIVATE_HOSTS", ""))),
            carries_worker=_switch("SHOUWANG_CARRIES_WORKER", env.get("SHOUWANG_CARRIES_WORKER", "on")),
            secure_cookies=_switch("SHOUWANG_SECURE_COOKIES", secure),
        )


def _switch(name: str, written: object) -> bool:
    if written not in ("on", "off", True, False):
        raise SettingsFault(f"{name}：应为 on 或 off")
    return written in ("on", True)


def _days(env: Mapping[str, str], name: str) -> int:
    written = env.get(name) or "30"
    if not (written.isascii() and written.isdigit() and 0 < int(written) <= MOST_DAYS):
        raise SettingsFault(f"{name}：应为 1 至 {MOST_DAYS} 的整数")
    return int(written)


def _site(written: str) -> str:
    """Return the address without its last stroke."""
    if written and (urlsplit(written).scheme not in ("http", "https") or not urlsplit(written).hostname):
        raise SettingsFault("SHOUWANG_SITE：应为 https://主机 这样的地址")
    return written.rstrip("/")


def _words(value: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in value.split(",") if word.strip())


def _address(name: str, written: str) -> str:
    """Return a network address as requests name it; a host name would never match."""
    if not written:
        return ""
    try:
        return str(ipaddress.ip_address(written))
    except ValueError as fault:
        raise SettingsFault(f"{name}：不是网络地址：{written}") from fault


def _driver(name: str, url: str) -> str:
    """Name the driver that is installed where the address names none."""
    for plain in ("postgresql://", "postgres://"):
        if url.startswith(plain):
            url = "postgresql+psycopg://" + url.removeprefix(plain)
    try:
        backend = make_url(url).get_backend_name()
    except (ArgumentError, ValueError):
        backend = ""
    if backend not in ("sqlite", "postgresql"):
        # The address may hold a password: it is not repeated.
        raise SettingsFault(f"{name}：应为 sqlite:///文件 或 postgresql://账号:密码@主机/数据库")
    return url


def _check_same(database: str, owner: str) -> None:
    """Refuse two addresses of different databases; host and port may differ, where one goes past a pooler."""
    named, owned = make_url(database), make_url(owner)
    if (named.get_backend_name(), named.database) != (owned.get_backend_name(), owned.database):
        raise SettingsFault(
            "SHOUWANG_OWNER_DATABASE：与 SHOUWANG_DATABASE（或 --database）不是同一个数据库："
            f"{owned.render_as_string()}，{named.render_as_string()}"
        )


def check_rooms() -> None:
    """Refuse to start when the three rooms do not lie side by side: other packages of these names exist."""
    missing = [room for room in ROOMS if not (ROOT / room / "__init__.py").is_file()]
    if missing:
        raise SettingsFault(f"admin_app 旁边缺少：{', '.join(missing)}")

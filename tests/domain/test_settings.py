"""Settings: read from the environment, the command line first."""

from __future__ import annotations

from pathlib import Path

import pytest

from admin_app.config import Settings, SettingsFault, check_rooms


def test_everything_lies_in_the_instance_folder_by_default(tmp_path: Path) -> None:
    settings = Settings.from_environment({"SHOUWANG_INSTANCE": str(tmp_path)})
    assert settings.instance == tmp_path
    assert settings.database == settings.owner_database == f"sqlite:///{tmp_path}/shouwang.db"
    assert settings.keys == tmp_path / "keys.json"
    assert settings.secure_cookies
    assert (settings.trusted_proxy, settings.hosts, settings.metrics_allow) == ("", (), ())


def test_the_command_line_goes_before_the_environment() -> None:
    environment = {"SHOUWANG_DATABASE": "sqlite:///a.db", "SHOUWANG_TRUSTED_PROXY": "192.0.2.1"}
    settings = Settings.from_environment(environment, database="sqlite:///b.db", trusted_proxy="192.0.2.2")
    assert (settings.database, settings.trusted_proxy) == ("sqlite:///b.db", "192.0.2.2")
    assert Settings.from_environment(environment).trusted_proxy == "192.0.2.1"


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_a_postgresql_address_gets_the_driver_that_is_installed(scheme: str) -> None:
    environment = {"SHOUWANG_DATABASE": f"{scheme}://office_app@db/office"}
    environment["SHOUWANG_OWNER_DATABASE"] = f"{scheme}://office_owner@db/office"
    settings = Settings.from_environment(environment)
    assert settings.database == "postgresql+psycopg://office_app@db/office"
    assert settings.owner_database == "postgresql+psycopg://office_owner@db/office"


def test_an_unfinished_upload_is_kept_for_as_many_days_as_is_set() -> None:
    assert Settings.from_environment({}).uploads_kept_days == 30
    assert Settings.from_environment({"SHOUWANG_UPLOADS_KEPT_DAYS": "7"}).uploads_kept_days == 7


def test_lists_are_split_at_commas() -> None:
    environment = {"SHOUWANG_HOSTS": "a.example, b.example,", "SHOUWANG_METRICS_ALLOW": "192.0.2.9"}
    settings = Settings.from_environment(environment)
    assert (settings.hosts, settings.metrics_allow) == (("a.example", "b.example"), ("192.0.2.9",))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SHOUWANG_UPLOADS_KEPT_DAYS", "0"),
        ("SHOUWANG_UPLOADS_KEPT_DAYS", "a month"),
        ("SHOUWANG_SECURE_COOKIES", "maybe"),
        ("SHOUWANG_DATABASE", "no address at all"),
        ("SHOUWANG_DATABASE", "mysql://localhost/office"),
        ("SHOUWANG_OWNER_DATABASE", "sqlite"),
        ("SHOUWANG_TRUSTED_PROXY", "proxy.example"),
        ("SHOUWANG_METRICS_ALLOW", "192.0.2.9, everybody"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsFault, match=name):
        Settings.from_environment({name: value})


def test_a_wrong_database_address_does_not_show_its_password() -> None:
    with pytest.raises(SettingsFault) as told:
        Settings.from_environment({"SHOUWANG_DATABASE": "mysql://office:s3cret-word@db/office"})
    assert "s3cret-word" not in str(told.value)


@pytest.mark.parametrize(
    "other", ["postgresql://office_owner@db/another", "sqlite:///office.db", "postgresql://office_owner@db"]
)
def test_an_owner_of_another_database_is_refused(other: str) -> None:
    environment = {"SHOUWANG_DATABASE": "postgresql://office_app:secret@db/office", "SHOUWANG_OWNER_DATABASE": other}
    with pytest.raises(SettingsFault, match="SHOUWANG_OWNER_DATABASE") as told:
        Settings.from_environment(environment)
    assert "secret" not in str(told.value)


def test_an_owner_may_reach_the_same_database_by_another_host() -> None:
    environment = {"SHOUWANG_DATABASE": "postgresql://office_app@pooler:6432/office"}
    environment["SHOUWANG_OWNER_DATABASE"] = "postgresql+psycopg://office_owner@db/office"
    assert Settings.from_environment(environment).owner_database.endswith("@db/office")


def test_the_rooms_lie_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_rooms()
    monkeypatch.setattr("admin_app.config.ROOT", tmp_path)
    with pytest.raises(SettingsFault, match="workflows"):
        check_rooms()

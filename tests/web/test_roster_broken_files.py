"""A file that is no register is told on the upload page, with the mend, and nothing of it is kept."""

from __future__ import annotations

import io
import zipfile
from html import unescape

import pytest
from flask import Flask
from sqlalchemy import func, select

from admin_app.exchange import packed
from models.roster import RosterBatch
from models.scope import system_scope
from models.vault import DataKey
from tests.cast import Cast
from tests.register_files import PUPILS, workbook
from tests.web.browser import ClientOf, get, post

REGISTER = workbook({"Sheet1": [["姓名", "身份证号"], *([pupil.name, pupil.id_number] for pupil in PUPILS)]})
LOCKED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(500)


def archive(name: str, content: bytes) -> bytes:
    """A packed file with one part."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, content)
    return stream.getvalue()


BROKEN = {
    "empty": (b"", "是空的"),
    "blank": (workbook({"Sheet1": []}), "里没有内容"),
    "head only": (workbook({"Sheet1": [["姓名", "性别", "身份证号"]]}), "只有表头"),
    "no head": (workbook({"Sheet1": [["一", "二"], ["三", "四"]]}), "没有找到表头"),
    "truncated": (REGISTER[: len(REGISTER) // 2], "重新保存后再上传"),
    "image": (b"\x89PNG\r\n\x1a\n" + bytes(200), "是图片，不是表格；请上传 .xlsx"),
    "document": (archive("word/document.xml", b"<w/>"), "是文档，不是表格"),
    "archive": (archive("register.csv", b"x"), "请解压后上传"),
    "password": (LOCKED, "请去掉密码后再上传"),
    "web page": (b"<html><table><tr><td>x</td></tr></table></html>", "另存为 .xlsx"),
    "bomb": (archive("xl/worksheets/sheet1.xml", bytes(3_000_000)), "展开后太大"),
    "noise": (bytes(range(256)) * 40, "另存为 .xlsx"),
}


def _kept(cast: Cast) -> tuple[int | None, int | None]:
    with cast.database.session(system_scope("tests")) as session:
        batches = session.scalar(select(func.count()).select_from(RosterBatch))
        return batches, session.scalar(select(func.count()).select_from(DataKey))


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_file_is_told_on_the_same_page_and_not_kept(
    client_of: ClientOf, sqlite_cast: Cast, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(packed, "MOST_UNPACKED", 2_000_000)
    content, words = BROKEN[kind]
    chen, before = client_of("chen"), _kept(sqlite_cast)
    answer = post(chen, "/roster/", "/roster/", school="SQ", file=(io.BytesIO(content), r"C:\名册\留守.xlsx"))
    text = unescape(answer.text)
    assert answer.status_code == 422
    assert words in text
    assert "C:\\" not in text
    assert '<option value="SQ" selected>' in text  # what was chosen is still there
    assert 'type="file"' in text
    assert _kept(sqlite_cast) == before
    assert sqlite_cast.events("roster.uploaded") == []


def test_a_form_without_a_file_asks_for_one(client_of: ClientOf) -> None:
    answer = post(client_of("qin"), "/roster/", "/roster/", school="ZX")
    assert answer.status_code == 422
    assert "请先选择名册文件" in answer.text


def test_a_file_over_the_limit_leads_back_to_the_page_with_the_mend(
    client_of: ClientOf, site: Flask, sqlite_cast: Cast
) -> None:
    qin = client_of("qin")
    site.config["MAX_CONTENT_LENGTH"] = 20_000
    answer = post(qin, "/roster/", "/roster/", school="ZX", file=(io.BytesIO(bytes(30_000)), "x.xlsx"))
    assert answer.location == "/roster/"
    assert "文件太大，没有上传" in get(qin, "/roster/").text
    assert sqlite_cast.events("roster.uploaded") == []

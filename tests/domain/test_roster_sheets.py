"""The sheets written for people: refused rows to mend and upload again, and an empty template."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from python_calamine import CalamineWorkbook

from admin_app.exchange.roster_sheet import write_refused_rows, write_template
from admin_app.exchange.spreadsheet import read_grids
from tests.register_files import PUPILS, TODAY, separated, workbook
from workflows.roster import Grid, check_roster

FIRST, SECOND, *_ = PUPILS


def _sheets(data: bytes) -> dict[str, list[list[Any]]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def _refused(data: bytes, file: str = "register.xlsx") -> bytes:
    grids = read_grids(data, file)
    return write_refused_rows(check_roster(grids, file=file, today=TODAY), grids)


def test_refused_rows_keep_their_headings_and_gain_a_reason() -> None:
    head = ["姓名", "性别", "身份证号", "血型"]
    bad = [SECOND.name, SECOND.sex, SECOND.id_number[:17] + "?", "O"]
    sheets = {
        "三1班": [["某表"], head, [FIRST.name, FIRST.sex, FIRST.id_number, "A"], bad],
        "三2班": [head, [FIRST.name, "男", "", ""]],
    }
    written = _sheets(_refused(workbook(sheets)))
    assert list(written) == ["三1班"]
    assert written["三1班"][0] == [*head, "班级", "原行号", "退回原因"]
    assert written["三1班"][1][:6] == [*bad, "3年级1班", 4]
    assert "校验位" in written["三1班"][1][6] or "18 位" in written["三1班"][1][6]


def test_mended_rows_can_be_uploaded_as_they_are() -> None:
    rows = [
        ["姓名", "身份证号", "父亲", "联系电话", "母亲", "联系电话"],
        ["", FIRST.id_number, "甲父", "13800138000", "甲母", "13900139000"],
    ]
    (grid,) = read_grids(_refused(workbook({"五（2）班": rows})), "refused.xlsx")
    grid.rows[1][0] = FIRST.name
    report = check_roster([grid], file="refused.xlsx", today=TODAY)
    child = report.accepted[0]
    assert child.father is not None
    assert child.mother is not None
    assert (child.grade, child.class_number) == (5, 2)
    assert (child.father.phone, child.mother.phone) == ("13800138000", "13900139000")


def test_nothing_that_was_typed_becomes_a_formula() -> None:
    evil = ['=HYPERLINK("http://x")', "+1+1", "-1", "@SUM(A1)", "\t=1", "{=1}"]
    rows = [["姓名", "性别", "备注"], *[[word, "不明", word] for word in evil]]
    data = _refused(separated(rows), "register.csv")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
        assert b"<f>" not in sheet
        assert b"<f " not in sheet
        assert "xl/worksheets/_rels/sheet1.xml.rels" not in archive.namelist()
    (written,) = _sheets(data).values()
    assert [row[0] for row in written[1:]] == evil


def test_sheet_names_that_spreadsheets_refuse_are_replaced() -> None:
    rows = [["姓名", "性别", "民族"], ["", "男", "苗族"]]
    assert list(_sheets(_refused(separated(rows), "register.csv"))) == ["退回的行"]
    (grid,) = read_grids(separated(rows), "register.csv")
    grids = [Grid(name, grid.rows) for name in ("a/b", "A:B", "History", "x" * 40, "x" * 50)]
    written = _sheets(write_refused_rows(check_roster(grids, file="x", today=TODAY), grids))
    assert list(written) == ["a b", "#2", "#3", "x" * 31, "#5"]


def test_a_register_without_refusals_gives_an_empty_book() -> None:
    assert list(_sheets(_refused(workbook({"表": [["姓名"], [FIRST.name]]})))) == ["没有退回的行"]


def test_two_heads_on_one_sheet_are_both_kept() -> None:
    rows = [["姓名", "性别", "民族"], ["", "男", "汉族"], [], ["学生姓名", "民族", "性别"], ["", "苗族", "女"]]
    (written,) = _sheets(_refused(workbook({"表": rows}))).values()
    assert [row[:3] for row in written] == [rows[0], rows[1], rows[3], rows[4]]


def test_the_template_is_understood_by_the_check_without_any_choice() -> None:
    (sheet, guide) = read_grids(write_template(), "template.xlsx")
    heads = sheet.rows[0]
    filled: dict[str, Any] = {
        "姓名": FIRST.name,
        "身份证号": FIRST.id_number,
        "班级": "三（1）班",
        "父亲姓名": "甲父",
        "母亲务工地点": "某市",
    }
    sheet.rows.append([filled.get(str(head), "") for head in heads])
    report = check_roster([sheet, guide], file="template.xlsx", today=TODAY)
    assert (report.rows, len(report.accepted), list(report.mapping)) == (1, 1, heads)
    assert report.sheets_without_table == ["填写说明"]


def test_the_template_has_drop_downs_and_a_text_column_for_numbers() -> None:
    with zipfile.ZipFile(io.BytesIO(write_template())) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        styles = archive.read("xl/styles.xml").decode()
    assert sheet.count("<dataValidation ") == 7
    assert "祖辈监护,父母单方监护,亲朋监护,单亲或孤儿" in sheet
    assert 'numFmtId="49"' in styles

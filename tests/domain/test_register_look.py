"""What a person sees of a register before it is judged: its heads, and values with the protected part hidden."""

from __future__ import annotations

import pytest

from admin_app.exchange.spreadsheet import read_grids
from tests.register_files import PUPILS, checked, separated, workbook
from workflows.roster import RosterFault
from workflows.roster.look import Look, look_at_tables
from workflows.roster.shown import shown_message, shown_sample

ONE, TWO, *_ = PUPILS


def _look(data: bytes, **chosen: str) -> Look:
    return look_at_tables(read_grids(data, "x"), file="x", chosen=chosen)


def test_the_look_and_the_check_see_the_same_tables() -> None:
    data = workbook({"三1班": [["某表"], ["姓名", "性别"], [ONE.name, "男"]], "空": [], "说明": [["请如实填写"]]})
    look, report = _look(data), checked(data)
    assert list(look.tables) == report.tables
    assert look.fault is None
    assert look.sheets_without_table == ("空", "说明")


def test_two_columns_for_one_field_are_shown_with_the_fault() -> None:
    data = separated([["姓名", "姓名", "性别"], [ONE.name, "甲", "男"]])
    look = _look(data)
    assert [column.field for column in look.tables[0].headers] == ["child.name", "child.name", "child.sex"]
    assert look.fault is not None
    assert look.fault.code == "field_mapped_twice"
    assert look_at_tables(read_grids(data, "x"), file="x", chosen={"姓名#2": "ignore"}).fault is None


def test_a_head_without_a_name_shows_its_columns_and_rows() -> None:
    look = _look(separated([["崽崽", "性别", "民族", "班级"], [ONE.name, "男", "汉族", "三1班"], ["", "", "", ""]]))
    assert look.fault is not None
    assert look.fault.code == "missing_required_heading"
    assert look.rows == 1
    assert look.tables[0].headers[0].samples == (ONE.name,)
    assert _look(separated([["崽崽", "性别"], [ONE.name, "男"]]), 崽崽="child.name").fault is None


def test_a_column_that_begins_empty_still_shows_what_it_holds() -> None:
    rows = [[ONE.name, ""], [TWO.name, ""], ["成冬青", ""], ["戴秋实", "苗族"]]
    look = _look(separated([["姓名", "民族"], *rows]))
    assert look.tables[0].headers[1].samples == ("苗族",)


@pytest.mark.parametrize("rows", [[["姓名", "性别"]], [["一", "二"], ["三", "四"]], [[""]]])
def test_nothing_to_map_is_a_fault_of_the_file(rows: list[list[str]]) -> None:
    with pytest.raises(RosterFault):
        _look(separated(rows))


@pytest.mark.parametrize(
    ("field", "written", "shown"),
    [
        ("child.name", "安一帆", "安一帆"),
        ("child.class", "三（2）班", "三（2）班"),
        ("child.id_number", "990101201501030011", "990***********0011"),
        ("child.id_number", "99010120150103", "****"),
        ("guardian.phone", "13800002716", "138****2716"),
        ("guardian.phone", "5551234", "****"),
        ("guardian.phone", "无", "无"),
        ("child.home_address", "大坝村3组12号", "大坝村****"),
        ("child.student_number", "G990101201501030011", "G990****0011"),
        ("child.birth_on", "2015-01-03", "2015-01-03"),
        ("child.name", "安一帆13800002716", "安一帆138****2716"),
        (None, "阿姨电话13800002716", "阿姨电****"),
        ("guardian.health", "高血压", None),
        ("child.note", "单亲", None),
    ],
)
def test_a_sample_shows_what_its_class_allows(field: str | None, written: str, shown: str | None) -> None:
    assert shown_sample(field, written) == shown


def test_a_reason_quotes_protected_cells_in_part_and_the_others_whole() -> None:
    head = ["姓名", "身份证号", "出生日期", "家长电话"]
    rows = [
        [ONE.name, "99010115010301" + "1", "", ""],
        [TWO.name, TWO.id_number, "2015-09-09", ""],
        ["成冬青", "", "", "138000027"],
    ]
    report = checked(separated([head, *rows]))
    said = [str(shown_message(finding, report.mapping.get(finding.column or ""))) for finding in report.refused]
    assert "990****" in said[0]
    assert ONE.id_number[6:14] not in said[0]
    assert "2015-09-09" in said[1]
    assert said[2] == "电话 **** 只有 9 位"

"""Files that are no register: each is refused with a code and a sentence, whatever its bytes."""

from __future__ import annotations

import contextlib
import io
import struct
import zipfile
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admin_app.exchange import packed, spreadsheet
from admin_app.exchange.roster_sheet import write_refused_rows
from admin_app.exchange.spreadsheet import read_grids
from tests.register_files import PUPILS, TODAY, checked, old_workbook, separated, workbook
from workflows.roster import Grid, Merge, RosterFault, check_roster

HEAD = ["姓名", "性别", "身份证号"]
ROW = [PUPILS[0].name, PUPILS[0].sex, PUPILS[0].id_number]
GOOD = workbook({"表": [HEAD, ROW]})
OLD = old_workbook([HEAD, ROW])


def _packed(parts: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([], "empty_file"),
        ([["", " "], [None]], "empty_file"),
        ([HEAD], "empty_file"),
        ([["今天", "天气"], ["很", "好"]], "no_heading_found"),
        ([["性别", "身份证号", "民族"], ROW], "missing_required_heading"),
        ([["姓名", "身份证号", "公民身份号码"], ROW], "field_mapped_twice"),
    ],
)
def test_a_sheet_that_is_no_register_names_its_fault(rows: list[list[Any]], code: str) -> None:
    with pytest.raises(RosterFault) as fault:
        checked(workbook({"表": rows}))
    assert fault.value.code == code


def test_a_fault_says_where_and_what_to_mend() -> None:
    with pytest.raises(RosterFault) as fault:
        checked(workbook({"三1班": [["某表"], ["姓名", "身份证号", "公民身份号码"], ROW]}))
    assert (
        str(fault.value.text)
        == "“三1班”第 2 行：列“身份证号”和“公民身份号码”都对应“身份证号”，请为其中一列另选字段或选“不导入”"
    )


def test_choosing_ends_a_double_mapping() -> None:
    sheet = workbook({"表": [["姓名", "身份证号", "公民身份号码"], [PUPILS[0].name, "旧", PUPILS[0].id_number]]})
    assert checked(sheet, chosen={"身份证号": "ignore"}).accepted[0].id_number == PUPILS[0].id_number


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(RosterFault) as fault:
        checked(GOOD, chosen={"性别": "child.shoe_size"})
    assert fault.value.code == "unknown_field"


@pytest.mark.parametrize(
    "data",
    [
        b"PK\x03\x04 and then nothing of an archive",
        GOOD[: len(GOOD) // 2],
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
        old_workbook([HEAD, ROW])[:1500],
        b"%PDF-1.7 ...",
        b"\x89PNG\r\n\x1a\n",
        b"<html><table><tr><td>x</td></tr></table></html>",
        b"\xff\xfe\x00\x01\x80\x81" * 3 + b"\x80",
        bytes(range(256)),
        _packed({"word/document.xml": b"<w/>"}),
        _packed({"list.csv": b"a,b"}),
        _packed({"xl/workbook.xml": b"<broken", "[Content_Types].xml": b""}),
    ],
)
def test_a_file_that_is_no_table_is_unreadable(data: bytes) -> None:
    with pytest.raises(RosterFault) as fault:
        checked(data, "register.xlsx")
    assert fault.value.code in {"unreadable_file", "no_heading_found"}
    assert str(fault.value.text)


def test_a_file_with_a_password_says_so() -> None:
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 500
    with pytest.raises(RosterFault, match="密码"):
        read_grids(data, "register.xlsx")


def test_the_content_and_not_the_name_tells_the_format() -> None:
    assert checked(GOOD, "register.xls").rows == 1
    assert checked(old_workbook([HEAD, ROW]), "register.xlsx").rows == 1
    assert checked(separated([HEAD, ROW]), "register.xlsx").rows == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_text_is_read_in_every_usual_encoding(encoding: str, separator: str) -> None:
    report = checked(separated([HEAD, ROW], separator=separator, encoding=encoding), "register.csv")
    assert [row.name for row in report.accepted] == [PUPILS[0].name]


def test_line_numbers_stay_true_after_a_line_break_inside_quotes() -> None:
    rows = [HEAD, ["甲\n某", "男", ""], ["", "男", PUPILS[0].id_number]]
    report = checked(separated(rows), "register.csv")
    assert ([row.row for row in report.accepted], [f.row for f in report.refused]) == ([2], [4])


def test_a_stray_quotation_mark_does_not_swallow_the_rest() -> None:
    lines = ["姓名,性别,身份证号", f'"{PUPILS[0].name},{PUPILS[0].sex},{PUPILS[0].id_number}']
    lines += [f"甲{n},男," for n in range(100)]
    assert checked("\n".join(lines).encode(), "register.csv").rows == 101


def test_numbers_written_as_formulas_of_text_are_read() -> None:
    data = f'姓名,身份证号\n{PUPILS[0].name},="{PUPILS[0].id_number}"\n'.encode()
    assert checked(data, "register.csv").accepted[0].id_number == PUPILS[0].id_number


def test_rows_keep_their_numbers_when_the_first_ones_are_empty() -> None:
    assert checked(workbook({"表": [[], [], [], HEAD, ROW]})).accepted[0].row == 5


def test_a_bomb_is_refused_without_being_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "MOST_UNPACKED", 1_000_000)
    with pytest.raises(RosterFault) as fault:
        read_grids(_packed({"xl/worksheets/sheet1.xml": b" " * 5_000_000}), "register.xlsx")
    assert fault.value.code == "file_too_big"


def test_a_bomb_that_understates_its_size_is_counted_by_its_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "MOST_UNPACKED", 1_000_000)
    content = b" " * 5_000_000
    data = _packed({"xl/worksheets/sheet1.xml": content})
    lying = data.replace(struct.pack("<LL", zlib.crc32(content), 0)[:4], b"\0\0\0\0")
    lying = lying.replace(struct.pack("<L", len(content)), struct.pack("<L", 10))
    with pytest.raises(RosterFault) as fault:
        read_grids(lying, "register.xlsx")
    assert fault.value.code == "file_too_big"


@pytest.mark.parametrize("cell", ["XFD1048576", "A1048576", "ZZZZ1"])
def test_a_cell_far_away_is_refused_before_the_sheet_is_spread_out(cell: str) -> None:
    sheet = f'<worksheet><sheetData><row><c r="A1"><v>1</v></c><c r="{cell}"><v>1</v></c></row></sheetData></worksheet>'
    with pytest.raises(RosterFault) as fault:
        read_grids(_packed({"xl/worksheets/sheet1.xml": sheet.encode()}), "register.xlsx")
    assert fault.value.code == "too_many_rows"


def test_empty_formatted_cells_far_away_do_no_harm() -> None:
    with zipfile.ZipFile(io.BytesIO(GOOD)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = "xl/worksheets/sheet1.xml"
    parts[name] = parts[name].replace(b"</sheetData>", b'<row r="1048576"><c r="A1048576" s="0"/></row></sheetData>')
    assert checked(_packed(parts)).rows == 1


def test_an_open_document_that_repeats_itself_endlessly_is_refused() -> None:
    repeated = 'table:number-columns-repeated="1000" office:value-type="string"'
    cell = f"<table:table-cell {repeated}><text:p>a</text:p></table:table-cell>"
    content = (
        f'<table:table><table:table-row table:number-rows-repeated="1000000">{cell}</table:table-row></table:table>'
    )
    with pytest.raises(RosterFault) as fault:
        read_grids(_packed({"content.xml": content.encode()}), "register.ods")
    assert fault.value.code == "too_many_rows"


def test_a_file_over_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheet, "MOST_BYTES", 100)
    with pytest.raises(RosterFault) as fault:
        read_grids(GOOD, "register.xlsx")
    assert fault.value.code == "file_too_big"


def test_hidden_sheets_are_left_out() -> None:
    with zipfile.ZipFile(io.BytesIO(workbook({"表": [HEAD, ROW], "旧表": [HEAD, ROW]}))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace(b'sheetId="2"', b'sheetId="2" state="hidden"')
    report = checked(_packed(parts))
    assert (report.rows, report.refused) == (1, [])


WORDS = [
    "姓名",
    "性别",
    "身份证号",
    "父亲情况",
    "监护人",
    "联系电话",
    "班级",
    "合计",
    "三（1）班",
    "男",
    "父亲",
    "2019.4.5",
    "其它",
    "#2",
    "a/b",
]
cells = st.one_of(
    st.sampled_from(WORDS),
    st.none(),
    st.text(max_size=8),
    st.floats(),
    st.integers(),
    st.booleans(),
    st.dates(),
    st.datetimes(),
)
merges = st.builds(
    lambda top, left, down, right: Merge(top, left, top + down, left + right),
    st.integers(0, 9), st.integers(0, 7), st.integers(0, 12), st.integers(0, 12),
)  # fmt: skip
grids = st.builds(
    lambda name, rows, merged: Grid(name, rows, tuple(merged)),
    st.one_of(st.none(), st.text(max_size=6)),
    st.lists(st.lists(cells, max_size=8), max_size=10),
    st.lists(merges, max_size=4),
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(grids, max_size=3),
    st.dictionaries(st.sampled_from(WORDS), st.sampled_from(["child.name", "ignore", "child.sex", ""])),
)
def test_any_grid_gives_a_report_or_a_fault(sheets: list[Grid], chosen: dict[str, str]) -> None:
    with contextlib.suppress(RosterFault):
        report = check_roster(sheets, file="x", today=TODAY, chosen=chosen)
        assert report.rows == len(report.accepted) + len(report.refused)
        assert write_refused_rows(report, sheets)
        assert str(report.as_json())


starts = st.sampled_from([b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\xff\xfe", "姓名,性别\n".encode()])


@settings(max_examples=200, deadline=None)
@given(starts, st.binary(max_size=400))
def test_any_bytes_give_a_report_or_a_fault(start: bytes, rest: bytes) -> None:
    with contextlib.suppress(RosterFault):
        assert checked(start + rest, "x").rows


@settings(max_examples=100, deadline=None)
@given(st.booleans(), st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 255)), min_size=1, max_size=20))
def test_a_damaged_file_gives_a_report_or_a_fault(is_old: bool, damage: list[tuple[int, int]]) -> None:
    damaged = bytearray(OLD if is_old else GOOD)
    for place, byte in damage:
        damaged[place % len(damaged)] = byte
    with contextlib.suppress(RosterFault):
        assert checked(bytes(damaged), "x").rows

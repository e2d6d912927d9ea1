"""Words of a register that stand for codes."""

from __future__ import annotations

import pytest

from tests.register_files import PUPILS, checked, workbook

HEADS = ["姓名", "身份证号", "监护类型", "监护人姓名", "监护人文化程度"]


@pytest.mark.parametrize(
    ("written", "kept"),
    [("小学", "primary"), ("初小", "lower_primary"), ("大专", "higher"), ("小学三年级", "小学三年级"), ("", None)],
)
def test_the_level_of_education_is_kept_as_the_code_that_forms_offer_or_else_as_written(
    written: str, kept: str | None
) -> None:
    """A form that offers codes would lose a word that it does not know."""
    pupil = PUPILS[0]
    rows = [HEADS, [pupil.name, pupil.id_number, "祖辈监护", "安长顺", written]]
    report = checked(workbook({"花名册": rows}))
    assert [row.guardian and row.guardian.education for row in report.accepted] == [kept]

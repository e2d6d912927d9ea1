"""Names a class as people say it in a given school year: 四（2）班, 八（1）班, 高一（3）班, 大（2）班."""

from __future__ import annotations

NUMERALS = "一二三四五六七八九"
KINDERGARTEN = {0: "大", -1: "中", -2: "小"}
LAST_GRADE = {"primary": 6, "teaching_point": 6, "lower_secondary": 9, "nine_year": 9, "upper_secondary": 12}
FIRST_GRADE = {"lower_secondary": 7, "upper_secondary": 10}


def class_title(cohort: int, number: int, first_year: int, stage: str | None) -> str:
    """Return the name of a class in the school year that begins in `first_year`.

    `cohort` is the year in which its pupils were in grade 1, so the class promotes itself; a class that has left the
    school's last grade, or has not reached its first, is named by its cohort (2019级（2）班).
    """
    grade = first_year - cohort + 1
    name = _grade_name(grade, stage)
    return f"{name}（{number}）班" if name else f"{cohort}级（{number}）班"


def has_grade(stage: str | None, grade: int) -> bool:
    """Tell whether a school of a stage teaches a grade (1–12; in kindergartens 0 is the top group)."""
    return _grade_name(grade, stage) is not None


def has_left(stage: str | None, grade: int) -> bool:
    """Tell whether a class of a grade has passed the last one that a school of a stage teaches."""
    return grade > (0 if stage == "kindergarten" else LAST_GRADE.get(stage or "", 12))


def first_grade(stage: str | None) -> int:
    """Return the grade in which children enter a school of a stage."""
    return min(KINDERGARTEN) if stage == "kindergarten" else FIRST_GRADE.get(stage or "", 1)


def _grade_name(grade: int, stage: str | None) -> str | None:
    if stage == "kindergarten":
        return KINDERGARTEN.get(grade)
    if not FIRST_GRADE.get(stage or "", 1) <= grade <= LAST_GRADE.get(stage or "", 12):
        return None
    return f"高{NUMERALS[grade - 10]}" if grade > 9 else NUMERALS[grade - 1]

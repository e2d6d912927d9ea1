"""Says which places and posts the demonstration school has; every person in it is invented."""

from __future__ import annotations

from dataclasses import dataclass

PLACES = (
    # code, kind, name, above, stage
    ("QZ", "city", "清州市", None, None),
    ("QH", "county", "青禾县", "QZ", None),
    ("LX", "township", "柳溪镇", "QH", None),
    ("BT", "township", "白塔镇", "QH", None),
    ("ZX", "school", "柳溪镇中心小学", "LX", "primary"),
    ("SQ", "school", "石桥小学", "LX", "primary"),
    ("BX", "school", "白塔小学", "BT", "primary"),
)


@dataclass(frozen=True)
class SchoolPlan:
    """A school's size and this term's mix: classes in each grade, children on file, and how far their files are."""

    code: str
    office: str  # login
    classes: int
    area: str
    villages: tuple[str, ...]
    children: int
    confirmed: int
    returned: int
    open: int
    taken_off: int
    leavers: int  # children on file last year who have left with the sixth grade


SCHOOLS = (
    # 740 pupils sit in the eighteen classes of the first; 122 are on file, one of whom comes from the second
    SchoolPlan(
        "ZX", "qin", 3, "990721", ("大坝村", "柳溪村", "桐梓村", "青岩村", "新寨村", "马岭村"), 121, 6, 4, 7, 2, 12
    ),
    SchoolPlan("SQ", "liaomf", 1, "990723", ("石桥村", "龙塘村", "上坪村"), 19, 2, 1, 2, 0, 2),
    SchoolPlan("BX", "zhaoyl", 1, "990722", ("白塔村", "云岭村", "双井村"), 14, 1, 0, 1, 0, 2),
)

OFFICERS = (
    # login, name, post, place: the first two make the others' accounts and give them their posts
    ("sys", "韦国梁", "system_officer", "QZ"),
    ("sec", "黄志勤", "security_officer", "QZ"),
    ("aud", "岑立新", "audit_officer", "QZ"),
)

STAFF = (
    ("tangmy", "唐美英", "office", "QZ"),
    ("feng", "冯志远", "inspector", "QH"),
    ("chen", "陈立群", "office", "LX"),
    ("luhy", "陆海燕", "leader", "LX"),
    ("bai", "白若川", "office", "BT"),
    ("tan", "覃永年", "principal", "ZX"),
    ("nong", "农正国", "leader", "ZX"),
    ("mosf", "莫素芬", "leader", "ZX"),
    ("qin", "秦文静", "office", "ZX"),
    ("pangj", "庞建华", "office", "ZX"),
    ("meng", "孟晓岚", "counsellor", "ZX"),
    ("cen", "岑少兰", "records_keeper", "ZX"),
    ("zhangm", "张明", "subject_teacher", "ZX"),
    ("heht", "何海涛", "subject_teacher", "ZX"),
    ("songq", "宋青", "subject_teacher", "ZX"),
    ("liang", "梁志明", "helper", "ZX"),
    ("weicx", "韦彩霞", "helper", "ZX"),
    ("tianw", "田武", "helper", "ZX"),
    ("jianggh", "蒋桂花", "proxy_parent", "ZX"),
    ("ouyh", "欧玉华", "proxy_parent", "ZX"),
    ("banzq", "班志强", "principal", "SQ"),
    ("liaomf", "廖美凤", "office", "SQ"),
    ("tangan", "唐安平", "principal", "BX"),
    ("zhaoyl", "赵玉兰", "office", "BX"),
)

# Class teachers by school, first grade first; a small school's teachers have two classes each.
TEACHERS = {
    "ZX": (
        ("luoxm", "罗雪梅"), ("yangl", "杨莲"), ("biqy", "闭群英"),
        ("wuxf", "吴小芳"), ("pancy", "潘春燕"), ("lij", "李金花"),
        ("huangyl", "黄玉洁"), ("denghx", "邓红星"), ("xieqy", "谢琼"),
        ("linww", "林文武"), ("zhou", "周敏"), ("wangcp", "王翠萍"),
        ("lulh", "卢丽华"), ("zengqj", "曾秋菊"), ("shiyl", "石应龙"),
        ("longxm", "龙惠"), ("zhongh", "钟慧"), ("shanwj", "单文军"),
    ),
    "SQ": (("qinfj", "覃凤娇"), ("suys", "苏银花"), ("shi", "石丽萍")),
    "BX": (("xucg", "徐成贵"), ("malj", "马丽君"), ("puhd", "蒲海东")),
}  # fmt: skip

MEN = frozenset((
    "sys", "sec", "aud", "feng", "chen", "tan", "nong", "pangj", "zhangm", "heht", "liang", "tianw", "banzq", "tangan",
    "denghx", "linww", "shiyl", "shanwj", "xucg", "puhd",
))  # fmt: skip

# Whose log-ins are printed: one for every role, and the offices of both townships.
SHOWN = (
    "chen", "qin", "tan", "nong", "zhou", "meng", "cen", "zhangm", "liang", "jianggh", "feng", "bai",
    "tangmy", "sys", "sec", "aud",
)  # fmt: skip


def sex_of(login: str) -> str:
    """Return the sex of somebody on the staff, as their account has it."""
    return "male" if login in MEN else "female"


def class_codes(school: SchoolPlan, first_year: int) -> dict[tuple[int, int], str]:
    """Return the code of every class by grade and number in the school year that begins in `first_year`."""
    return {
        (grade, number): f"{school.code}-{(first_year - grade + 1) % 100:02d}{number:02d}"
        for grade in range(1, 7)
        for number in range(1, school.classes + 1)
    }


def leaving_codes(school: SchoolPlan, first_year: int) -> dict[int, str]:
    """Return by number the codes of the classes that have left when the school year of `first_year` begins."""
    return {
        number: f"{school.code}-{(first_year - 6) % 100:02d}{number:02d}" for number in range(1, school.classes + 1)
    }


def teacher_of(school: SchoolPlan, grade: int, number: int) -> tuple[str, str]:
    """Return login and name of a class's teacher; teachers follow the order of grades, after the sixth the first."""
    teachers = TEACHERS[school.code]
    place = (grade - 1) * school.classes + number - 1
    return teachers[place * len(teachers) // (6 * school.classes)]

"""Invents names, numbers and addresses of people who do not exist, the same ones for the same seed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from random import Random
from typing import TypeVar

from workflows.values.identity_number import check_digit

Item = TypeVar("Item")

# 99 is no province and 164 no network, so that no number here belongs to anybody.
AREA = "9907"
MOBILE = "164"

SURNAMES = tuple(
    "韦黄陈覃李莫罗杨吴王张龙石陆蒙卢何谢林梁唐秦蒋周邓刘潘曾岑农闭班廖钟赵孙徐马朱胡郭高谭欧徐沈彭吕苏贾丁魏薛叶阎余"
    "杜戴夏汪田任姜范方姚邹熊金孔白崔康毛邱江史顾侯邵孟万段钱汤尹黎易常武乔贺赖龚文单"
)
_WEIGHTS = [1 / (place + 6) for place in range(len(SURNAMES))]

BOYS = (
    "子轩", "浩宇", "俊杰", "宇航", "明轩", "天佑", "文博", "家豪", "志远", "思源", "嘉明", "一鸣", "泽宇", "承志",
    "睿", "晨", "鹏飞", "小川", "立行", "景然", "海洋", "云峰", "子墨", "伟业", "星河", "启明", "永康", "建军",
    "阳", "坤", "振宇", "长青", "少华", "青山", "向东", "秋实", "正阳", "家乐", "乐天", "冬冬", "小勇", "一凡",
    "学文", "佳林", "俊", "涛", "皓然", "君豪", "安邦", "成林",
)  # fmt: skip
GIRLS = (
    "小禾", "雨桐", "欣怡", "梓涵", "语嫣", "思琪", "雅婷", "佳慧", "晓燕", "春兰", "静雯", "诗涵", "雪", "婷",
    "若曦", "美玲", "紫萱", "心悦", "秋月", "小满", "念慈", "嘉怡", "可馨", "玉洁", "晨曦", "映红", "依依", "小雨",
    "冬梅", "海棠", "彩云", "丹", "莹", "巧玲", "亦菲", "书瑶", "佳宁", "梦洁", "乐瑶", "思雨", "夏荷", "知夏",
    "凤", "露", "婉清", "芷若", "星月", "一诺", "清扬", "小荷",
)  # fmt: skip
MEN = (
    "志强", "建华", "国栋", "明", "勇", "海涛", "伟", "家兴", "春生", "文武", "永忠", "德胜", "世荣", "小平",
    "卫东", "立新", "振华", "光明", "成贵", "学军", "金宝", "少平", "启发", "庆丰", "树林", "志勤", "国梁", "明远",
    "立群", "永年", "志刚", "红星", "开明", "运来", "绍文", "宝山", "安平", "正国", "长河", "应龙",
)  # fmt: skip
WOMEN = (
    "丽萍", "秀英", "桂花", "敏", "红", "艳", "美凤", "素芬", "晓岚", "春燕", "金花", "玉兰", "小芳", "海燕",
    "翠萍", "若川", "雪梅", "惠", "莲", "彩霞", "月英", "凤娇", "慧", "群英", "小妹", "丽华", "琼", "冬菊", "香莲",
    "燕飞", "玉华", "青", "银花", "桂芳", "美珍", "秋菊", "文静", "云霞", "少兰", "爱民",
)  # fmt: skip
OLD_MEN = (
    "长顺", "有福", "德才", "大贵", "老实", "世昌", "明山", "光荣", "正清", "天保", "国兴", "朝贵", "茂林", "得水",
    "宗仁", "启元", "永福", "万全",
)  # fmt: skip
OLD_WOMEN = (
    "月英", "秀兰", "桂英", "玉珍", "春秀", "大妹", "凤英", "金莲", "素珍", "美英", "兰香", "菊花", "翠花", "银香",
    "招弟", "桂香", "玉梅", "水秀",
)  # fmt: skip

WORKPLACES = (
    "广东省东莞市", "广东省深圳市", "广东省佛山市", "广东省中山市", "浙江省宁波市", "浙江省温州市", "浙江省义乌市",
    "福建省泉州市", "福建省厦门市", "江苏省苏州市", "江苏省昆山市", "上海市", "海南省三亚市", "云南省昆明市",
)  # fmt: skip
ETHNICITIES = (("汉族", 52), ("壮族", 22), ("苗族", 9), ("侗族", 7), ("瑶族", 6), ("布依族", 4))
OCCUPATIONS = ("务农", "务农", "务农", "个体经营", "打零工", "在家料理家务", "村卫生员", "护林员")
EDUCATIONS = (
    ("illiterate", 18),
    ("lower_primary", 23),
    ("primary", 33),
    ("lower_secondary", 21),
    ("upper_secondary", 5),
)


def surname(rng: Random) -> str:
    """Return a surname, some far more often than others."""
    return rng.choices(SURNAMES, _WEIGHTS)[0]


def one_of(rng: Random, pool: Sequence[Item]) -> Item:
    """Return one of several things, each as likely."""
    return pool[int(rng.random() * len(pool))]


def weighted(rng: Random, choices: Sequence[tuple[str, int]]) -> str:
    """Return one of several words by weight."""
    return rng.choices([word for word, _ in choices], [weight for _, weight in choices])[0]


def phone(rng: Random) -> str:
    """Return an 11-digit mobile number of a network that does not exist."""
    return f"{MOBILE}{int(rng.random() * 10**8):08d}"


def staff_phone(order: int) -> str:
    """Return the mobile number of the n-th of the staff, on the same network that does not exist."""
    return f"{MOBILE}{(31_000_000 + order * 7_919) % 10**8:08d}"


def id_number(area: str, born_on: date, order: int, sex: str) -> str:
    """Return an 18-place number with a right check digit; `order` counts a birthday's children of one sex."""
    first_17 = f"{area}{born_on:%Y%m%d}{order * 2 + (sex == 'male'):03d}"
    return first_17 + check_digit(first_17)


def shares(count: int, parts: Sequence[tuple[str, float]]) -> list[str]:
    """Return `count` words in proportion to their shares, rounded so that they add up."""
    exact = [(word, count * share) for word, share in parts]
    whole = {word: int(wanted) for word, wanted in exact}
    by_rest = sorted(exact, key=lambda pair: pair[1] - int(pair[1]), reverse=True)
    for word, _ in by_rest[: count - sum(whole.values())]:
        whole[word] += 1
    return [word for word, many in whole.items() for _ in range(many)]

"""Says the schema's refusals in the author's words: one code and sentence for each kind of pydantic error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflows.text import Text, text

WORDINGS = {
    "bad_span": text("时限写作数字加单位，如 5 workdays、30 minutes、2 weeks"),
    "bad_assignee": text("承办人写作角色、角色@层级或 person:登录名，如 class_teacher@class"),
    "bad_rung": text("催办阶梯写作 80%: remind、100%: urge 或 150%: assign office@township"),
    "bad_bound": text("界限写作数字、日期（如 2026-09-01）或 today"),
}
TYPES = {
    "string_type": text("文字（数字请加引号）"),
    "bool_type": text("true 或 false"),
    "bool_parsing": text("true 或 false"),
    "int_type": text("整数"),
    "int_parsing": text("整数"),
    "int_from_float": text("整数"),
    "dict_type": text("一组键和值"),
    "model_type": text("一组键和值"),
    "model_attributes_type": text("一组键和值"),
    "tuple_type": text("列表"),
}
CHOICES = frozenset({"literal_error", "enum"})
PATTERNS = frozenset({"string_pattern_mismatch"})
SIZES: Mapping[str, Text] = {
    "string_too_long": text("最多 {max_length} 个字符"),
    "string_too_short": text("不能是空的"),
    "too_short": text("至少要有 {min_length} 项"),
    "too_long": text("最多 {max_length} 项"),
    "greater_than_equal": text("不能小于 {ge}"),
    "less_than_equal": text("不能大于 {le}"),
}


def code_and_message(error: Mapping[str, Any]) -> tuple[str, Text]:
    """Give the problem code and the sentence for one error of pydantic's list."""
    kind, context = str(error["type"]), error.get("ctx", {})
    key = str(error["loc"][-1]) if error["loc"] else ""
    if kind == "extra_forbidden":
        return "unknown_key", text("没有名为 {key} 的键", key=key)
    if kind == "missing":
        return "missing_key", text("缺少 {key}", key=key)
    if kind == "refused":
        return context["code"], WORDINGS[context["code"]]
    if kind in TYPES:
        return "bad_type", text("这里应是{kind}", kind=TYPES[kind])
    if kind in CHOICES:
        expected = str(context.get("expected", "")).replace(" or ", ", ")
        return "bad_value", text("{value} 不可用，可选：{expected}", value=_short(error), expected=expected)
    if kind in PATTERNS:
        return "bad_pattern", text(
            "{value} 写法不对，应符合 {pattern}", value=_short(error), pattern=context["pattern"]
        )
    if kind in SIZES:
        return "bad_size", Text(SIZES[kind].msgid, {name: str(limit) for name, limit in context.items()})
    return "bad_value", text("{value} 不可用", value=_short(error))


def _short(error: Mapping[str, Any]) -> str:
    return str(error.get("input", ""))[:40]

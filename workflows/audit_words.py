"""What the actions of the trail are called, grouped as inspectors look for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workflows.text import Text, text


@dataclass(frozen=True)
class ActionWord:
    """An action's word, its icon and the kind of its tag."""

    word: Text
    icon: str
    kind: str = "neutral"


_SEEN, _CHANGED, _MADE = ("eye", "secret"), ("pencil", "accent"), ("plus", "neutral")
_ENDED, _REFUSED, _SENT, _GRANTED = ("minus", "neutral"), ("ban", "bad"), ("file-export", "info"), ("key", "ok")

GROUPS: Mapping[Text, Mapping[str, ActionWord]] = {
    text("儿童档案"): {
        "child.made": ActionWord(text("建立档案"), *_MADE),
        "child.changed": ActionWord(text("修改档案"), *_CHANGED),
        "child.removed": ActionWord(text("撤回档案"), *_ENDED),
        "relative.added": ActionWord(text("添加家庭成员"), *_MADE),
        "relative.changed": ActionWord(text("修改家庭成员"), *_CHANGED),
        "relative.removed": ActionWord(text("移除家庭成员"), *_ENDED),
    },
    text("事项"): {
        "case.opened": ActionWord(text("发起事项"), *_MADE),
        "case.moved": ActionWord(text("办理事项"), *_CHANGED),
    },
    text("查看与导出"): {
        "child.read": ActionWord(text("查看档案"), *_SEEN),
        "child.revealed": ActionWord(text("显示原值"), *_SEEN),
        "case.read": ActionWord(text("查看事项"), *_SEEN),
        "audit.read": ActionWord(text("查看审计原值"), *_SEEN),
        "children.exported": ActionWord(text("导出名册"), *_SENT),
        "roster.exported": ActionWord(text("导出问题行"), *_SENT),
        "audit.exported": ActionWord(text("导出审计"), *_SENT),
    },
    text("名册导入"): {
        "roster.uploaded": ActionWord(text("上传名册"), *_MADE),
        "roster.mapped": ActionWord(text("核对表头"), *_CHANGED),
        "roster.imported": ActionWord(text("导入名册"), *_MADE),
        "roster.dropped": ActionWord(text("放弃名册"), *_ENDED),
        "roster.undone": ActionWord(text("撤回导入"), *_ENDED),
        "heading.taught": ActionWord(text("添加表头用词"), *_CHANGED),
        "heading.forgotten": ActionWord(text("删除表头用词"), *_ENDED),
    },
    text("登录与账号"): {
        "account.logged_in": ActionWord(text("登录"), "login"),
        "account.logged_out": ActionWord(text("退出"), "logout"),
        "account.login_refused": ActionWord(text("登录被拒"), *_REFUSED),
        "account.password_changed": ActionWord(text("修改密码"), *_CHANGED),
        "account.preferences_changed": ActionWord(text("修改偏好"), *_CHANGED),
        "session.ended": ActionWord(text("结束会话"), *_ENDED),
        "access.denied": ActionWord(text("被拒"), *_REFUSED),
    },
    text("人员与岗位"): {
        "staff.made": ActionWord(text("新建账号"), *_MADE),
        "staff.changed": ActionWord(text("修改账号"), *_CHANGED),
        "staff.activated": ActionWord(text("启用账号"), *_GRANTED),
        "staff.deactivated": ActionWord(text("停用账号"), *_ENDED),
        "staff.password_reset": ActionWord(text("重置密码"), *_CHANGED),
        "staff.appointed": ActionWord(text("授予岗位"), *_GRANTED),
        "appointment.made": ActionWord(text("授予岗位"), *_GRANTED),
        "appointment.changed": ActionWord(text("修改岗位"), *_CHANGED),
        "appointment.ended": ActionWord(text("解除岗位"), *_ENDED),
    },
    text("单位与设置"): {
        "place.made": ActionWord(text("新建单位"), *_MADE),
        "place.changed": ActionWord(text("修改单位"), *_CHANGED),
        "place.closed": ActionWord(text("撤并单位"), *_ENDED),
        "place.reopened": ActionWord(text("恢复单位"), *_CHANGED),
        "school_year.made": ActionWord(text("新建学年"), *_MADE),
        "term.made": ActionWord(text("新建学期"), *_MADE),
        "term.changed": ActionWord(text("修改学期"), *_CHANGED),
        "setting.changed": ActionWord(text("修改设置"), *_CHANGED),
        "definition.published": ActionWord(text("发布定义"), *_GRANTED),
    },
}

WORDS: Mapping[str, ActionWord] = {action: word for group in GROUPS.values() for action, word in group.items()}
READS = ("child.read", "child.revealed", "case.read")


def action_word(action: str) -> ActionWord:
    """Return the word of an action; one that nobody named is shown by its key."""
    if action.endswith(".exported") and action not in WORDS:
        return ActionWord(text("导出"), *_SENT)
    return WORDS.get(action) or ActionWord(Text("{action}", {"action": action}), "dots")

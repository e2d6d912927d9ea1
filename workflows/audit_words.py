"""What the trail's actions, subjects, fields and particulars are called, grouped as inspectors look for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workflows.fields import BY_SUBJECT, CHILD, CODE_LISTS, RELATIVE, Fact
from workflows.text import Text, text


@dataclass(frozen=True)
class ActionWord:
    """An action's word, its icon and the kind of its tag."""

    word: Text
    icon: str
    kind: str = "neutral"


@dataclass(frozen=True)
class Group:
    """Actions that are looked for together."""

    label: Text
    words: Mapping[str, ActionWord]


_SEEN, _CHANGED, _MADE = ("eye", "secret"), ("pencil", "accent"), ("plus", "neutral")
_ENDED, _REFUSED, _SENT, _GRANTED = ("minus", "neutral"), ("ban", "bad"), ("file-export", "info"), ("key", "ok")

GROUPS: Mapping[str, Group] = {
    "files": Group(
        text("儿童档案"),
        {
            "child.made": ActionWord(text("建立档案"), *_MADE),
            "child.changed": ActionWord(text("修改档案"), *_CHANGED),
            "child.chosen": ActionWord(text("选为重点帮扶"), "target-arrow", "accent"),
            "child.unchosen": ActionWord(text("不再重点帮扶"), *_ENDED),
            "child.removed": ActionWord(text("撤回档案"), "arrow-back-up", "warn"),
            "child.moved": ActionWord(text("转班"), "arrows-exchange", "info"),
            "child.left": ActionWord(text("离校"), "logout"),
            "relative.added": ActionWord(text("添加家庭成员"), *_MADE),
            "relative.changed": ActionWord(text("修改家庭成员"), *_CHANGED),
            "relative.removed": ActionWord(text("移除家庭成员"), *_ENDED),
        },
    ),
    "cases": Group(
        text("事项"),
        {
            "case.opened": ActionWord(text("发起事项"), *_MADE),
            "case.moved": ActionWord(text("办理事项"), "arrow-right", "ok"),
            "case.spoken": ActionWord(text("表示意见"), "message-2", "info"),
            "case.claimed": ActionWord(text("认领"), "user-check", "info"),
            "case.released": ActionWord(text("退回待领"), *_ENDED),
            "case.handed_over": ActionWord(text("转办"), "user-share", "info"),
            "case.delegated": ActionWord(text("委派"), "message-2", "info"),
            "case.replied": ActionWord(text("回复意见"), "messages", "info"),
            "case.signer_added": ActionWord(text("加签"), "user-plus", "info"),
            "case.signer_removed": ActionWord(text("减签"), *_ENDED),
            "case.recused": ActionWord(text("回避"), *_ENDED),
            "case.copied": ActionWord(text("抄送"), *_SENT),
            "case.urged": ActionWord(text("催办"), "bell-ringing", "warn"),
            "case.watched": ActionWord(text("督办"), "eye", "warn"),
            "case.unwatched": ActionWord(text("结束督办"), *_ENDED),
            "job.started": ActionWord(text("批量办理"), "list-check", "info"),
            "job.done": ActionWord(text("批量办理完成"), "checks", "ok"),
            "job.cancelled": ActionWord(text("停止批量办理"), *_ENDED),
            "job.exported": ActionWord(text("导出批量办理的未办清单"), *_SENT),
            "case.part_passed": ActionWord(text("转交参与"), "user-share", "info"),
            "clock.fired": ActionWord(text("时限到点"), "clock", "warn"),
            "clocks.started": ActionWord(text("开始计时"), "clock"),
            "wave.opened": ActionWord(text("开展本学期摸底"), "clipboard-list", "info"),
            "draw.prepared": ActionWord(text("备好抽取名单"), "dice-5", "info"),
            "draw.made": ActionWord(text("随机抽取"), "dice-5", "ok"),
        },
    ),
    "records": Group(
        text("谈心与家访"),
        {
            "record.written": ActionWord(text("写记录"), *_MADE),
            "record.corrected": ActionWord(text("更正记录"), *_CHANGED),
            "record.voided": ActionWord(text("作废记录"), *_ENDED),
            "attachment.added": ActionWord(text("添加附件"), "paperclip"),
            "attachment.removed": ActionWord(text("移除附件"), *_ENDED),
        },
    ),
    "reads": Group(
        text("查看与导出"),
        {
            "child.read": ActionWord(text("查看档案"), *_SEEN),
            "child.revealed": ActionWord(text("显示原值"), *_SEEN),
            "case.read": ActionWord(text("查看事项"), *_SEEN),
            "record.read": ActionWord(text("查看记录"), *_SEEN),
            "attachment.read": ActionWord(text("查看附件"), *_SEEN),
            "audit.read": ActionWord(text("督查查看"), *_SEEN),
            "children.exported": ActionWord(text("导出名册"), *_SENT),
            "records.exported": ActionWord(text("导出记录"), *_SENT),
            "roster.exported": ActionWord(text("导出问题行"), *_SENT),
            "inbox.exported": ActionWord(text("导出待办"), *_SENT),
            "audit.exported": ActionWord(text("导出审计"), *_SENT),
        },
    ),
    "registers": Group(
        text("名册导入"),
        {
            "roster.uploaded": ActionWord(text("上传名册"), "upload"),
            "roster.mapped": ActionWord(text("核对表头"), "table-options"),
            "roster.imported": ActionWord(text("导入名册"), "table-import", "info"),
            "roster.dropped": ActionWord(text("放弃名册"), *_ENDED),
            "roster.undone": ActionWord(text("撤回导入"), "arrow-back-up", "warn"),
            "heading.taught": ActionWord(text("添加表头用词"), *_CHANGED),
            "heading.forgotten": ActionWord(text("删除表头用词"), *_ENDED),
        },
    ),
    "accounts": Group(
        text("登录与账号"),
        {
            "account.logged_in": ActionWord(text("登录"), "login"),
            "account.logged_out": ActionWord(text("退出"), "logout"),
            "account.login_refused": ActionWord(text("登录被拒"), *_REFUSED),
            "account.password_changed": ActionWord(text("修改密码"), *_CHANGED),
            "account.preferences_changed": ActionWord(text("修改偏好"), *_CHANGED),
            "account.messages_changed": ActionWord(text("修改接收消息的方式"), *_CHANGED),
            "session.ended": ActionWord(text("结束会话"), *_ENDED),
            "access.denied": ActionWord(text("被拒"), *_REFUSED),
        },
    ),
    "posts": Group(
        text("人员与岗位"),
        {
            "staff.made": ActionWord(text("新建账号"), *_MADE),
            "staff.changed": ActionWord(text("修改账号"), *_CHANGED),
            "staff.activated": ActionWord(text("启用账号"), *_GRANTED),
            "staff.deactivated": ActionWord(text("停用账号"), *_ENDED),
            "staff.password_reset": ActionWord(text("重置密码"), *_CHANGED),
            "staff.left": ActionWord(text("离任交接"), "user-share"),
            "staff.appointed": ActionWord(text("授予岗位"), *_GRANTED),
            "appointment.made": ActionWord(text("授予岗位"), *_GRANTED),
            "appointment.changed": ActionWord(text("修改岗位"), *_CHANGED),
            "appointment.ended": ActionWord(text("解除岗位"), *_ENDED),
            "deputy.named": ActionWord(text("指定代理人"), *_GRANTED),
            "deputy.ended": ActionWord(text("收回代理"), *_ENDED),
        },
    ),
    "setup": Group(
        text("单位与设置"),
        {
            "place.made": ActionWord(text("新建单位"), *_MADE),
            "place.changed": ActionWord(text("修改单位"), *_CHANGED),
            "place.moved": ActionWord(text("划转单位"), *_CHANGED),
            "place.closed": ActionWord(text("撤并单位"), *_ENDED),
            "place.reopened": ActionWord(text("恢复单位"), *_CHANGED),
            "school.turned": ActionWord(text("学年更替"), "repeat", "info"),
            "school_year.made": ActionWord(text("新建学年"), *_MADE),
            "term.made": ActionWord(text("新建学期"), *_MADE),
            "term.changed": ActionWord(text("修改学期"), *_CHANGED),
            "channel.made": ActionWord(text("新建消息渠道"), *_MADE),
            "channel.changed": ActionWord(text("修改消息渠道"), *_CHANGED),
            "channel.removed": ActionWord(text("删除消息渠道"), *_ENDED),
            "channel.tried": ActionWord(text("试发消息"), "send", "info"),
            "channel.resent": ActionWord(text("重发未送达的消息"), "refresh", "info"),
            "calendar.changed": ActionWord(text("修改校历"), *_CHANGED),
            "clocks.recounted": ActionWord(text("按新校历重算时限"), "clock"),
            "setting.changed": ActionWord(text("修改设置"), *_CHANGED),
            "definition.published": ActionWord(text("发布定义"), *_GRANTED),
            "backup.made": ActionWord(text("备份"), *_SENT),
            "backup.restored": ActionWord(text("从备份恢复"), "arrow-back-up", "warn"),
        },
    ),
}

WORDS: Mapping[str, ActionWord] = {action: word for group in GROUPS.values() for action, word in group.words.items()}
READS = ("child.read", "child.revealed", "case.read", "record.read", "attachment.read", "audit.read")
LISTS_TAKEN = ("children.exported", "records.exported", "roster.exported", "inbox.exported", "job.exported")

SUBJECTS: Mapping[str, Text] = {
    "child": text("儿童"),
    "relative": text("家庭成员"),
    "case": text("事项"),
    "record": text("记录"),
    "records": text("记录"),
    "attachment": text("附件"),
    "staff": text("账号"),
    "appointment": text("岗位"),
    "delegation": text("代理"),
    "job": text("批量办理"),
    "place": text("单位"),
    "draw": text("随机抽取"),
    "roster_batch": text("名册"),
    "children": text("儿童名册"),
    "inbox": text("待办"),
    "definition": text("定义"),
    "screen": text("页面"),
    "command": text("命令"),
    "setting": text("设置"),
    "channel": text("消息渠道"),
    "term": text("学期"),
    "school_year": text("学年"),
    "calendar": text("校历"),
    "heading": text("表头用词"),
    "audit_event": text("审计条目"),
    "backup": text("备份"),
}

CLASSES: Mapping[str, Text] = {
    "P0": text("学校年级"),
    "P1": text("基本信息"),
    "P2": text("号码住址"),
    "P3": text("身心与家庭"),
}
"""What the protection classes of `access.md` hold, in short."""

PARTICULARS: Mapping[str, Text] = {
    "number": text("案号"),
    "cards": text("同时打印的联系卡"),
    "advised": text("系统提示"),
    "for": text("代谁办理"),
    "seat": text("席位"),
    "first_on": text("自哪天起"),
    "last_on": text("到哪天止"),
    "percent": text("时限比例"),
    "first": text("第一天"),
    "last": text("最后一天"),
    "told": text("提醒了谁"),
    "limit": text("哪项时限"),
    "order": text("系统所排位次"),
    "grounds": text("系统所列理由"),
    "against": text("系统所列不利情况"),
    "version": text("版本"),
    "rows": text("行数"),
    "sha256": text("文件摘要"),
    "file": text("文件摘要"),
    "digest": text("内容摘要"),
    "sheet": text("工作表"),
    "row": text("行"),
    "code": text("代码"),
    "permission": text("所需权限"),
    "path": text("页面"),
    "name": text("名称"),
    "login": text("账号"),
    "key": text("名称"),
    "count": text("个数"),
    "moved_cases": text("已办理"),
    "accepted": text("通过"),
    "created": text("新建"),
    "updated": text("更新"),
    "refused": text("未通过"),
    "warnings": text("提醒"),
    "removed": text("撤回"),
    "school_year": text("学年"),
    "places_below": text("下级单位"),
    "children_below": text("儿童"),
    "open_cases": text("未办结事项"),
    "posts": text("任职"),
    "first_year": text("学年"),
    "term": text("学期"),
    "opened": text("新建档案"),
    "lapsed": text("按未完成结束"),
    "stuck": text("旧流程未办结"),
    "classes": text("升级的班"),
    "closed": text("毕业班结束"),
    "merged": text("并入别班的班"),
    "made": text("新建的班"),
    "graduated": text("毕业离校"),
    "moved": text("随班并入的儿童"),
    "posts_ended": text("结束的任职"),
    "teachers": text("更换班主任"),
    "from_on": text("自哪天起"),
    "passed": text("交接"),
    "confidential": text("保密事项"),
    "ended": text("结束"),
    "renewed": text("换过的密钥"),
    "drafts": text("删除的草稿"),
    "algorithm": text("抽取算法"),
    "candidates": text("候选名单"),
    "listed": text("名单摘要"),
    "commitment": text("种子封条"),
    "seed": text("种子"),
    "said": text("现场报数"),
    "drawn": text("抽中"),
}
"""Particulars of an event that are shown as they stand; the others are shown in words of their own, or not at all."""

_OTHERS: Mapping[str, Fact] = {
    fact.key: fact
    for fact in (
        Fact("contact_card", text("联系卡"), "P2"),
        Fact("word", text("表头"), "P0"),
        Fact("field", text("对应字段"), "P0"),
        Fact("language", text("语言"), "P0"),
        Fact("theme", text("外观"), "P0"),
        Fact("told", text("邮件提醒"), "P0", "choice", "told"),
        Fact("email", text("电子邮箱"), "P2", "email"),
        Fact("text_size", text("字号"), "P0"),
        Fact("calendar.school_hours", text("上学时间"), "P0"),
        Fact("officers.separate", text("三员分立"), "P0", "yes_no"),
    )
}


def action_word(action: str) -> ActionWord:
    """Return the word of an action; one that nobody named is shown by its key."""
    if action.endswith(".exported") and action not in WORDS:
        return ActionWord(text("导出"), *_SENT)
    return WORDS.get(action) or ActionWord(Text("{action}", {"action": action}), "dots")


def actions_of(chosen: str) -> tuple[str, ...]:
    """Return the actions behind a choice: those of a group, the one action, or none for an unknown word."""
    if chosen in GROUPS:
        return tuple(GROUPS[chosen].words)
    return (chosen,) if chosen in WORDS else ()


def field_of(subject_type: str, field: str) -> tuple[Text | None, Fact | None]:
    """Return whose field it is (of guardian, father or mother) and what is known of it, None for what is not."""
    if field in _OTHERS:
        return None, _OTHERS[field]
    owner, _dot, key = field.rpartition(".")
    slot = CODE_LISTS["relative_slot"].get(owner)
    if slot is not None:
        return slot, RELATIVE.get(key)
    return None, BY_SUBJECT.get("child" if subject_type == "case" else subject_type, CHILD).get(key)

"""What each permission and field class is called on screens; the matrix itself stands in the pack."""

from __future__ import annotations

from collections.abc import Mapping

from workflows.policy import Permission as P
from workflows.text import Text, text

PERMISSION_WORDS: Mapping[P, Text] = {
    P.CHILD_LIST: text("查看儿童名册"),
    P.CHILD_READ: text("打开儿童档案"),
    P.CHILD_EDIT: text("修改儿童档案"),
    P.CHILD_REVEAL: text("查看号码原文（须填理由）"),
    P.CHILD_EXPORT: text("导出名册"),
    P.CHILD_CHANGES: text("查看档案变更"),
    P.CHILD_MOVE: text("办理转班"),
    P.ROSTER_IMPORT: text("导入名册"),
    P.ROSTER_UNDO: text("撤回导入"),
    P.HEADING_MANAGE: text("维护表头用词"),
    P.WAVE_OPEN: text("开展本学期摸底"),
    P.TURN_MANAGE: text("办理学年更替"),
    P.CASE_LIST: text("查看事项列表"),
    P.CASE_READ: text("打开事项"),
    P.CASE_ACT: text("办理事项"),
    P.CASE_WATCH: text("督办事项"),
    P.RECORD_LIST: text("查看谈心、家访等记录列表"),
    P.RECORD_READ: text("打开记录"),
    P.RECORD_WRITE: text("写记录"),
    P.RECORD_VOID: text("更正、作废自己的记录"),
    P.RECORD_MEND: text("更正、作废他人的记录"),
    P.RECORD_EXPORT: text("导出记录列表"),
    P.INSPECTION_LIST: text("查看督查列表"),
    P.INSPECTION_DRAW: text("随机抽取督查单位"),
    P.REPORT_READ: text("查看统计"),
    P.AUDIT_READ: text("查看审计日志"),
    P.PLACE_READ: text("查看组织机构"),
    P.PLACE_MANAGE: text("维护组织机构"),
    P.STAFF_READ: text("查看人员岗位"),
    P.STAFF_MANAGE: text("新建账号、重设密码"),
    P.STAFF_ACTIVATE: text("启用、停用账号"),
    P.STAFF_APPOINT: text("任命、解除岗位"),
    P.TERM_MANAGE: text("维护学年学期和校历"),
    P.CHANNEL_MANAGE: text("设置消息渠道"),
    P.SETTING_MANAGE: text("三员分设开关"),
}

SEES_WORDS: Mapping[str, Text] = {
    "P0": text("只见学校、年级等，不见姓名"),
    "P1": text("可见姓名"),
    "P2": text("可见姓名，号码和住址遮盖显示"),
    "P3": text("可见姓名，号码和住址遮盖显示，并可见健康、心理、家庭情况"),
}

"""The office's own heading words for registers, beside the standard table."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select
from wtforms import SelectField, StringField

from admin_app.desk import perform
from admin_app.forms.fact_form import Shape, choices
from admin_app.listing.asked import Asked
from admin_app.listing.column import Column, words
from admin_app.listing.page import SortOrder
from admin_app.parts.declared import Verb
from admin_app.screen import OfficeView
from admin_app.wording import say
from models.database import OfficeSession
from models.roster import HeadingSynonym
from workflows.operations.heading import forget_heading, teach_heading
from workflows.policy import Permission as P
from workflows.roster.fields import IGNORED, LABELS
from workflows.text import text
from workflows.values.words import plain


def _meaning(field: str) -> str:
    return say(text("不导入") if field == IGNORED else LABELS.get(field, field))


class HeadingScreen(OfficeView):
    """Heading words."""

    row_class, key, path, title = HeadingSynonym, "headings", "/headings", text("表头用词")
    permissions = {"list": P.HEADING_MANAGE, "create": P.HEADING_MANAGE}
    search = text("表头")
    new_label = text("新增用词")
    sort_orders = (SortOrder("word", text("按用词"), (HeadingSynonym.word, HeadingSynonym.id), ("word", "id")),)
    columns = (
        Column("word", text("名册上写的"), lambda row, _b: words(row.word), is_sticky=True, width=30),
        Column("field", text("意思是"), lambda row, _b: words(_meaning(row.field)), width=30),
    )
    new_shape = Shape([])
    verbs = (
        Verb("forget", text("去掉"), P.HEADING_MANAGE, lambda n, r: perform(forget_heading, P.HEADING_MANAGE, n, r),
             "trash", "bad", (text("以后导入时不再认这个表头"), text("已导入的记录不变")), in_batch=True,
             done=text("已去掉")),
    )  # fmt: skip

    def row_url(self, row: HeadingSynonym) -> str:
        """Lead to the question whether to forget the word."""
        return self.address("confirm_view", id=row.id, verb="forget", rev=row.rev)

    def subtitle(self, asked: Asked) -> str:
        """The words hold for the whole installation."""
        return say(text("补充标准用词，全部单位共用"))

    def matching(self, session: OfficeSession, statement: Select[Any], words: str) -> Any:
        """Find by a part of the word."""
        return statement.where(HeadingSynonym.word.contains(plain(words) or words, autoescape=True)), None

    def new_form(self, shape: Shape) -> Any:
        """Ask for the word and its meaning."""
        meanings = [(field, say(label)) for field, label in LABELS.items()] + [(IGNORED, _("不导入"))]
        choice = SelectField(_("意思是"), choices=choices(meanings), validate_choice=False)
        word = StringField(_("名册上写的"), render_kw={"maxlength": 100})
        return shape.form(extra={"word": word, "field": choice})

    def sections(self, shape: Shape, form: Any, row: Any) -> list[dict[str, Any]]:
        """Draw word and meaning."""
        return [{"title": "", "fields": [form["word"], form["field"]]}]

    def make(self, shape: Shape, form: Any) -> str:
        """Teach the word."""
        perform(teach_heading, P.HEADING_MANAGE, form["word"].data or "", form["field"].data or "")
        return self.address("index_view")

    def name_of(self, row: HeadingSynonym) -> str:
        """Name a word with its meaning."""
        return f"{row.word} → {_meaning(row.field)}"

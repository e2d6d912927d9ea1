"""Teaches the register importer the office's own heading words, and forgets them."""

from __future__ import annotations

from models.roster import HeadingSynonym
from models.types import new_id
from workflows.audit import Change, Happening
from workflows.operations.rows import check_rev, fetch, flush_unique
from workflows.policy import Permission
from workflows.refusal import Refusal
from workflows.roster.fields import FIELDS, IGNORED
from workflows.text import text
from workflows.transaction import Transaction
from workflows.values import as_text
from workflows.values.words import plain

LONGEST_WORD = 100


def teach_heading(tx: Transaction, word: str, field: str) -> HeadingSynonym:
    """Let a heading word mean a field from now on, for every register of the installation.

    The word is kept as the importer compares it: without spaces, punctuation and width. Raises Refusal `bad_values`,
    `word_taken`.
    """
    tx.require(Permission.HEADING_MANAGE)
    kept = plain(as_text(word))
    if not kept or len(kept) > LONGEST_WORD:
        raise Refusal("bad_values", text("表头要有文字，最多 100 个字"), {"word": text("要有文字，最多 100 个字")})
    if field not in FIELDS and field != IGNORED:
        raise Refusal("bad_values", text("没有这个字段"), {"field": text("没有这个字段")})
    synonym = HeadingSynonym(id=new_id(), word=kept, field=field)
    tx.session.add(synonym)
    marks = ("heading_synonym.word", "uq_heading_synonym_word")
    flush_unique(tx, "word_taken", text("这个表头已经有含义了"), "word", *marks)
    changes = (Change("word", "P0", None, kept), Change("field", "P0", None, field))
    tx.tell(Happening("heading.taught", "heading", synonym.id, changes=changes))
    return synonym


def forget_heading(tx: Transaction, synonym_id: int, rev: int) -> None:
    """Remove a heading word of the office; the standard table is untouched."""
    tx.require(Permission.HEADING_MANAGE)
    synonym = fetch(tx, HeadingSynonym, synonym_id)
    check_rev(synonym, rev, {})
    changes = (Change("word", "P0", synonym.word, None), Change("field", "P0", synonym.field, None))
    tx.session.delete(synonym)
    tx.session.flush()
    tx.tell(Happening("heading.forgotten", "heading", synonym.id, changes=changes))

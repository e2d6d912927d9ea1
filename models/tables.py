"""Every table in one place, and for those outside the row scope the reason why."""

from __future__ import annotations

from models.attachment import Attachment, AttachmentContent
from models.audit import AuditCheckpoint, AuditEvent, AuditLeaf, AuditPending
from models.base import Base
from models.calendar_day import CalendarDay
from models.case import Case, CaseMove, CaseNumber, CaseParticipant, CaseRecord, CaseSlot, RepeatedRequest
from models.channel import Channel
from models.child import Child, NameGram, Relative
from models.clock import CaseClock, ClockFiring, WorkerBeat
from models.definition import Definition
from models.delegation import Delegation
from models.draft import Draft
from models.draw import PlaceDraw
from models.field_value import FieldValue
from models.job import Job, JobChunk
from models.notice import Notice
from models.outbox import OutboxMessage
from models.place import Place
from models.record import Record
from models.roster import HeadingSynonym, RosterBatch
from models.school_year import SchoolYear, Term
from models.setting import Setting
from models.staff import Appointment, LoginFailures, LoginSession, Staff
from models.tally import CaseTally, ChildTally
from models.task import CaseCopy, CaseTask, CaseWatch
from models.turn import SchoolTurn
from models.unfinished_file import UnfinishedFile
from models.vault import DataKey

SCOPED: tuple[type[Base], ...] = (
    Child,
    Relative,
    Case,
    CaseMove,
    CaseParticipant,
    CaseRecord,
    CaseTask,
    CaseWatch,
    Record,
    Attachment,
    AttachmentContent,
    RosterBatch,
    Staff,
    Appointment,
    SchoolTurn,
    PlaceDraw,
    Channel,
)
AUDIT_SCOPED: tuple[type[Base], ...] = (AuditEvent,)

UNSCOPED: dict[type[Base], str] = {
    Place: "names of public institutions; screens narrow it by Scope.row_condition",
    CaseTally: "numbers by school, read only by models.reports.filing inside the scope; row-level security behind it",
    ChildTally: "numbers by school, read only by models.reports.care inside the scope; row-level security behind it",
    NameGram: "read only by models.search, joined to the scoped child; row-level security behind it",
    FieldValue: "asked only by the number of a case already in scope; row-level security behind it",
    DataKey: "ciphertext that opens nothing without the keystore, fetched by the key of a row already in scope",
    LoginSession: "found by the digest of a token, or by the person's own identifier",
    LoginFailures: "counted under a blind index before anyone is logged in",
    SchoolYear: "the same for every place of an installation",
    Term: "the same for every place of an installation",
    Definition: "published rules, the same for every place",
    CaseNumber: "counters without a subject",
    CaseSlot: "digests of what open cases occupy, found by equality only",
    RepeatedRequest: "found by the person's own identifier and key; holds no protected value",
    CaseClock: "moments and numbers, found by the number of a case already in scope",
    ClockFiring: "moments and numbers, found by the number of a case already in scope",
    CaseCopy: "found by the person's own identifier, or by the number of a case already in scope",
    WorkerBeat: "names and moments of workers, without a person",
    Job: "found by the person's own identifier, or by the worker; what was written is sealed",
    JobChunk: "numbers of cases, found by the number of a person's own job",
    CalendarDay: "the same for every place of an installation",
    Delegation: "found by the identifier of the absent person or of the deputy",
    Notice: "found by the person's own identifier; holds no protected value",
    OutboxMessage: "read by the worker only",
    AuditPending: "identifiers only, read by the sealer",
    AuditLeaf: "hashes only, read by the sealer and the verifier",
    AuditCheckpoint: "public by design",
    Draft: "found by the person's own identifier",
    UnfinishedFile: "found by the person's own identifier, sealed under the person's own key",
    HeadingSynonym: "words without a person, shared by the installation",
    Setting: "switches of the installation",
}

"""SpiffWorkflow: a BPMN process kept as JSON; loaded, moved and written back with a row of history.

Its serializer writes the definition into every case. Tuned, cases are kept without it, and it stays in memory.
"""

from __future__ import annotations

import json
from contextlib import nullcontext
from datetime import UTC, datetime

from lxml import etree
from serving import CONFIRMED, OPEN, WHO, Peer, Refused, serve, situation_of
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.serializer.config import DEFAULT_CONFIG
from SpiffWorkflow.bpmn.serializer.default.workflow import BpmnWorkflowConverter, WorkflowConverter
from SpiffWorkflow.util.task import TaskState
from store import Store

PROCESS = f"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="bench">
 <process id="care" isExecutable="true">
  <startEvent id="start"/><sequenceFlow id="f1" sourceRef="start" targetRef="{OPEN}"/>
  <userTask id="{OPEN}"/><sequenceFlow id="f2" sourceRef="{OPEN}" targetRef="guard"/>
  <exclusiveGateway id="guard" default="f4"/>
  <sequenceFlow id="f3" sourceRef="guard" targetRef="{CONFIRMED}">
   <conditionExpression>situation != ''</conditionExpression>
  </sequenceFlow>
  <sequenceFlow id="f4" sourceRef="guard" targetRef="refused"/><endEvent id="refused"/>
  <userTask id="{CONFIRMED}"/><sequenceFlow id="f5" sourceRef="{CONFIRMED}" targetRef="filed"/>
  <endEvent id="filed"/>
 </process>
</definitions>"""
TABLES = (
    "CREATE TABLE peer_case (id BIGINT PRIMARY KEY, state TEXT NOT NULL, content TEXT NOT NULL)",
    "CREATE TABLE peer_trail (case_id BIGINT NOT NULL REFERENCES peer_case (id), action TEXT NOT NULL,"
    " from_state TEXT NOT NULL, to_state TEXT NOT NULL, who TEXT NOT NULL, at TEXT NOT NULL)",
)


class StateAlone(BpmnWorkflowConverter):
    """Leaves the process's definition out of every case's JSON: it is the same for all and kept in memory."""

    def to_dict(self, workflow):
        """Return the tasks and data of a case."""
        return WorkflowConverter.to_dict(self, workflow) | {"subprocesses": {}, "bpmn_events": []}


class Spiff(Peer):
    """One definition, parsed once; one serializer."""

    packages = ("spiffworkflow",)

    def __init__(self) -> None:
        parser = BpmnParser()
        parser.add_bpmn_xml(etree.fromstring(PROCESS))
        self.spec = parser.get_spec("care")
        self.serializer = BpmnWorkflowSerializer()
        self.store, self.is_tuned = Store(), False

    def lay(self, options: dict[str, object]) -> None:
        """Make both tables."""
        if options.get("tuned"):
            registry = BpmnWorkflowSerializer.configure(DEFAULT_CONFIG | {BpmnWorkflow: StateAlone})
            self.serializer, self.is_tuned = BpmnWorkflowSerializer(registry), True
        for table in TABLES:
            self.store.run(table)

    def open(self, numbers: range, together: bool) -> None:
        """Begin processes and write them down."""
        with self.store.transaction() if together else nullcontext():
            for number in numbers:
                with nullcontext() if together else self.store.transaction():
                    case = BpmnWorkflow(self.spec)
                    case.do_engine_steps()
                    case.get_next_task(state=TaskState.READY, manual=True).data["situation"] = situation_of(number)
                    content = self.serializer.serialize_json(case)
                    self.store.run("INSERT INTO peer_case VALUES (?, ?, ?)", (number, OPEN, content))
                    self._tell(number, "open", "", OPEN)

    def move(self, numbers: range, together: bool) -> None:
        """Load each process, finish the waiting task, run on to the next, and write it back."""
        with self.store.transaction() if together else nullcontext():
            for number in numbers:
                with nullcontext() if together else self.store.transaction():
                    self._move(number)

    def count(self) -> dict[str, int]:
        """Count both tables."""
        return {
            "cases": self.store.number("SELECT count(*) FROM peer_case"),
            "moved": self.store.number("SELECT count(*) FROM peer_case WHERE state = ?", (CONFIRMED,)),
            "trail": self.store.number("SELECT count(*) FROM peer_trail"),
        }

    def _move(self, number: int) -> None:
        row = self.store.run("SELECT content FROM peer_case WHERE id = ?", (number,)).fetchone()
        case = self._read(row[0])
        case.get_next_task(state=TaskState.READY, manual=True).run()
        case.do_engine_steps()
        waiting = case.get_next_task(state=TaskState.READY, manual=True)
        if waiting is None:
            raise Refused(number)
        written = (waiting.task_spec.name, self.serializer.serialize_json(case), number)
        self.store.run("UPDATE peer_case SET state = ?, content = ? WHERE id = ?", written)
        self._tell(number, "accept", OPEN, waiting.task_spec.name)

    def _read(self, content: str) -> BpmnWorkflow:
        if not self.is_tuned:
            return self.serializer.deserialize_json(content)
        kept = json.loads(content)
        kept.pop(self.serializer.VERSION_KEY)
        return self.serializer.from_dict(kept | {"spec": self.spec, "subprocess_specs": {}})

    def _tell(self, number: int, action: str, before: str, after: str) -> None:
        row = (number, action, before, after, WHO, datetime.now(UTC).isoformat())
        self.store.run("INSERT INTO peer_trail VALUES (?, ?, ?, ?, ?, ?)", row)


if __name__ == "__main__":
    serve(Spiff())

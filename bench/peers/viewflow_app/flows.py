"""The same two steps as a flow: somebody accepts, and the next person's task waits."""

from __future__ import annotations

from serving import Refused
from viewflow import this
from viewflow.workflow import flow
from viewflow.workflow.models import Process


def begin(activation, situation, who_id):
    """Open a case."""
    activation.process.data = {"situation": situation}
    activation.task.owner_id = who_id
    return activation.process


def check(activation):
    """Raise Refused for a case whose care situation is not known."""
    if not activation.process.data["situation"]:
        raise Refused(activation.process.pk)


class HumanFlow(flow.Flow):
    """Start, accept, file: accepting is a person's task, claimed and carried out."""

    process_class = Process

    start = flow.StartHandle(begin).Next(this.accept)
    accept = flow.View(None).Next(this.file)
    file = flow.View(None).Next(this.end)
    end = flow.End()


class CodeFlow(flow.Flow):
    """The same, but accepting is a call from code."""

    process_class = Process

    start = flow.StartHandle(begin).Next(this.accept)
    accept = flow.Handle(this.take_on).Next(this.file)
    file = flow.Handle(None).Next(this.end)
    end = flow.End()

    def take_on(self, activation, who_id):
        """Accept a case and say who did."""
        check(activation)
        activation.task.owner_id = who_id

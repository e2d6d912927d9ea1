"""viewflow (AGPL; it runs here in a process of its own): its own tasks say who did what and when."""

from __future__ import annotations

from contextlib import nullcontext

import ground

# isort: split
from django.db import transaction
from serving import WHO, Peer, Refused, serve, situation_of
from viewflow.workflow.models import Process, Task
from viewflow.workflow.status import STATUS
from viewflow_app.flows import CodeFlow, HumanFlow, check


class Viewflow(Peer):
    """A person's task is claimed, started and carried out, as viewflow's pages do it; or a call from code is all."""

    packages = ("django", "django-viewflow")

    def __init__(self) -> None:
        self.keys: dict[int, int] = {}
        self.is_human = False

    def lay(self, options: dict[str, object]) -> None:
        """Make viewflow's tables and the person who acts."""
        ground.lay()
        self.who, self.is_human = ground.user(WHO), options.get("human", False)
        self.flow = HumanFlow if self.is_human else CodeFlow

    def open(self, numbers: range, together: bool) -> None:
        """Start flows."""
        with transaction.atomic() if together else nullcontext():
            for number in numbers:
                self.keys[number] = self.flow.start.run(situation=situation_of(number), who_id=self.who.pk).pk

    def move(self, numbers: range, together: bool) -> None:
        """Run the accepting task of each flow."""
        with transaction.atomic() if together else nullcontext():
            for number in numbers:
                with nullcontext() if together else transaction.atomic():
                    waiting = Task.objects.filter(process_id=self.keys[number], flow_task=self.flow.accept)
                    self._accept(waiting.get(status=STATUS.NEW))

    def count(self) -> dict[str, int]:
        """Count flows, those in which somebody accepted, and tasks done."""
        done = Task.objects.filter(status=STATUS.DONE)
        moved = done.filter(flow_task=self.flow.accept).count()
        return {"cases": Process.objects.count(), "moved": moved, "trail": done.count()}

    def _accept(self, task: Task) -> None:
        if not self.is_human:
            self.flow.accept.run(task, who_id=self.who.pk)
            return
        with task.activation() as activation:
            if not task.flow_task.can_assign(self.who, task):
                raise Refused(task.pk)
            activation.assign(self.who)
            activation.start(None)
            check(activation)
            activation.execute()


if __name__ == "__main__":
    serve(Viewflow())

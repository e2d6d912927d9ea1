"""django-fsm-2 with django-auditlog, which writes the trail from what each save changes."""

from __future__ import annotations

from contextlib import nullcontext

import ground

# isort: split
from auditlog.context import set_actor
from auditlog.models import LogEntry
from auditlog.registry import auditlog
from django.db import models, transaction
from django_fsm import FSMField
from django_fsm import transition as step
from serving import CONFIRMED, OPEN, WHO, Peer, serve, situation_of


class Case(models.Model):
    """A case with the one fact that its guard reads."""

    situation = models.CharField(max_length=40, blank=True)
    state = FSMField(default=OPEN, protected=True)

    class Meta:
        app_label = "peer"

    @step(field=state, source=OPEN, target=CONFIRMED, conditions=[lambda case: bool(case.situation)])
    def accept(self) -> None:
        """Confirm a case whose care situation is known."""


auditlog.register(Case)


class FsmAuditlog(Peer):
    """Saves object by object: auditlog does not hear of bulk methods."""

    packages = ("django", "django-fsm-2", "django-auditlog")

    def lay(self, options: dict[str, object]) -> None:
        """Make the tables and the person who acts."""
        ground.lay(Case)
        self.who = ground.user(WHO)

    def open(self, numbers: range, together: bool) -> None:
        """Create cases."""
        with set_actor(self.who), transaction.atomic() if together else nullcontext():
            for number in numbers:
                with nullcontext() if together else transaction.atomic():
                    Case.objects.create(id=number, situation=situation_of(number))

    def move(self, numbers: range, together: bool) -> None:
        """Load, fire and save each case."""
        with set_actor(self.who), transaction.atomic() if together else nullcontext():
            for number in numbers:
                with nullcontext() if together else transaction.atomic():
                    case = Case.objects.get(id=number)
                    case.accept()
                    case.save(update_fields=["state"])

    def count(self) -> dict[str, int]:
        """Count cases and log entries."""
        moved = Case.objects.filter(state=CONFIRMED).count()
        return {"cases": Case.objects.count(), "moved": moved, "trail": LogEntry.objects.count()}


if __name__ == "__main__":
    serve(FsmAuditlog())

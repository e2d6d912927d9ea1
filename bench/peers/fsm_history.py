"""django-fsm-2 with a row of history; many cases at once by Django's bulk methods."""

from __future__ import annotations

import ground

# isort: split
from django.db import models, transaction
from django.utils.timezone import now
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


class History(models.Model):
    """Who did what to a case, and when."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE)
    action = models.CharField(max_length=40)
    from_state = models.CharField(max_length=40, blank=True)
    to_state = models.CharField(max_length=40)
    who = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        app_label = "peer"


class FsmHistory(Peer):
    """Two models of one's own, written by hand after each transition."""

    packages = ("django", "django-fsm-2")

    def lay(self, options: dict[str, object]) -> None:
        """Make both tables."""
        ground.lay(Case, History)

    def open(self, numbers: range, together: bool) -> None:
        """Create cases with their history."""
        if together:
            with transaction.atomic():
                Case.objects.bulk_create(Case(id=n, situation=situation_of(n)) for n in numbers)
                History.objects.bulk_create(_told(n, "open", "", OPEN) for n in numbers)
            return
        for number in numbers:
            with transaction.atomic():
                Case.objects.create(id=number, situation=situation_of(number))
                _told(number, "open", "", OPEN).save()

    def move(self, numbers: range, together: bool) -> None:
        """Fire each case's transition; together they are fetched and written by one statement each."""
        if together:
            with transaction.atomic():
                many = Case.objects.filter(id__gte=numbers.start, id__lt=numbers.stop)
                for case in many:
                    case.accept()
                # All of them end in one state, which is quicker to write than bulk_update's list of cases.
                many.update(state=CONFIRMED)
                History.objects.bulk_create(_told(n, "accept", OPEN, CONFIRMED) for n in numbers)
            return
        for number in numbers:
            with transaction.atomic():
                case = Case.objects.get(id=number)
                before = case.state
                case.accept()
                case.save(update_fields=["state"])
                _told(number, "accept", before, case.state).save()

    def count(self) -> dict[str, int]:
        """Count both tables."""
        moved = Case.objects.filter(state=CONFIRMED).count()
        return {"cases": Case.objects.count(), "moved": moved, "trail": History.objects.count()}


def _told(number: int, action: str, before: str, after: str) -> History:
    return History(case_id=number, action=action, from_state=before, to_state=after, who=WHO, at=now())


if __name__ == "__main__":
    serve(FsmHistory())

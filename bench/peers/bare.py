"""What a programmer begins with: the library `transitions`, SQLAlchemy's ORM, and a row of history."""

from __future__ import annotations

from datetime import UTC, datetime

from serving import CONFIRMED, OPEN, WHO, Peer, Refused, serve, situation_of
from sqlalchemy import URL, BigInteger, DateTime, ForeignKey, String, create_engine, event, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from store import CONNECT, DATABASE, IS_SQLITE, PRAGMAS
from transitions import Machine


class Base(DeclarativeBase):
    """Base of both tables."""


class Case(Base):
    """A case with the one fact that its guard reads."""

    __tablename__ = "peer_case"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    situation: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(40))

    @property
    def is_known(self) -> bool:
        """Tell whether the guard lets the case pass."""
        return bool(self.situation)


class History(Base):
    """Who did what to a case, and when."""

    __tablename__ = "peer_trail"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("peer_case.id"), index=True)
    action: Mapped[str] = mapped_column(String(40))
    from_state: Mapped[str] = mapped_column(String(40))
    to_state: Mapped[str] = mapped_column(String(40))
    who: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Bare(Peer):
    """One machine for all; each case is its model for the length of a transition."""

    packages = ("transitions", "sqlalchemy")

    def __init__(self) -> None:
        if IS_SQLITE:
            self.engine = create_engine(f"sqlite:///{DATABASE['file']}")
            event.listen(self.engine, "connect", _set_up)
            event.listen(self.engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        else:
            host, port, user, password, name = (DATABASE[key] for key in CONNECT)
            url = URL.create("postgresql+psycopg", user, password, None, port, name, {"host": host} if host else {})
            options = f"-c search_path={DATABASE['schema']}"
            self.engine = create_engine(url, connect_args={"options": options})
        step = {"trigger": "accept", "source": OPEN, "dest": CONFIRMED, "conditions": "is_known"}
        states = [OPEN, CONFIRMED]
        self.machine = Machine(model=None, states=states, transitions=[step], initial=OPEN, auto_transitions=False)

    def lay(self, options: dict[str, object]) -> None:
        """Make both tables."""
        Base.metadata.create_all(self.engine)

    def open(self, numbers: range, together: bool) -> None:
        """Add cases and history as objects."""
        for part in [numbers] if together else [range(n, n + 1) for n in numbers]:
            with Session(self.engine) as session, session.begin():
                for number in part:
                    session.add(Case(id=number, situation=situation_of(number), state=OPEN))
                    session.add(_told(number, "open", "", OPEN))

    def move(self, numbers: range, together: bool) -> None:
        """Load, fire, write back and tell, one case after the other."""
        for part in [numbers] if together else [range(n, n + 1) for n in numbers]:
            with Session(self.engine) as session, session.begin():
                for number in part:
                    self._move(session, number)

    def count(self) -> dict[str, int]:
        """Count both tables."""
        with Session(self.engine) as session:
            moved = select(func.count()).select_from(Case).where(Case.state == CONFIRMED)
            return {
                "cases": session.scalar(select(func.count()).select_from(Case)) or 0,
                "moved": session.scalar(moved) or 0,
                "trail": session.scalar(select(func.count()).select_from(History)) or 0,
            }

    def _move(self, session: Session, number: int) -> None:
        case = session.get_one(Case, number)
        before = case.state
        self.machine.add_model(case, initial=before)
        try:
            if not case.accept():
                raise Refused(number)
        finally:
            self.machine.remove_model(case)
        session.add(_told(number, "accept", before, case.state))


def _told(number: int, action: str, before: str, after: str) -> History:
    at = datetime.now(UTC)
    return History(case_id=number, action=action, from_state=before, to_state=after, who=WHO, at=at)


def _set_up(connection: object, record: object) -> None:
    connection.isolation_level = None
    for pragma in PRAGMAS:
        connection.execute(pragma)


if __name__ == "__main__":
    serve(Bare())

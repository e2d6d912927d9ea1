"""Invents children with their families as a school's register tells of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from admin_app.demo import names
from workflows.roster.row import Relative, RosterRow

# systems.md: grandparents, one parent at home, relatives or friends, single parent or orphan
SITUATIONS = (("grandparents", 0.43), ("one_parent", 0.44), ("relatives", 0.08), ("single_or_orphan", 0.05))


@dataclass
class Register:
    """Writes the rows of one area's registers; birthdays are counted, so that every id-number is drawn once."""

    rng: Random
    area: str  # six digits
    township: str
    villages: tuple[str, ...]
    prefix: str  # of student numbers
    _birthdays: Counter[date] = field(default_factory=Counter)
    _count: int = 0

    def row(self, grade: int, number: int, first_year: int, situation: str, order: int = 0) -> RosterRow:
        """Return a child of a class in the school year that begins in `first_year`."""
        rng = self.rng
        sex = "male" if rng.random() < 0.53 else "female"
        family = names.surname(rng)
        name = family + names.one_of(rng, names.BOYS if sex == "male" else names.GIRLS)
        born_on = self._birthday(first_year - grade - 5)
        self._birthdays[born_on] += 1
        self._count += 1
        village = names.one_of(rng, self.villages)
        address = f"{self.township}{village}{1 + int(rng.random() * 9)}组{1 + int(rng.random() * 60)}号"
        away = date(first_year - int(rng.random() * 6), 2 + int(rng.random() * 2), 1 + int(rng.random() * 28))
        guardian, father, mother = self._relatives(situation, family, address)
        is_away = father is not None or mother is not None
        return RosterRow(
            sheet=None,
            row=order,
            name=name,
            sex=sex,
            birth_on=born_on,
            id_number=names.id_number(self.area, born_on, self._birthdays[born_on], sex),
            ethnicity=names.weighted(rng, names.ETHNICITIES),
            grade=grade,
            class_number=number,
            student_number=f"{self.prefix}{first_year - grade + 1}{self._count:04d}",
            home_address=address,
            is_boarding=rng.random() < (0.08 + 0.09 * min(grade, 6)),
            is_poor=rng.random() < 0.27,
            care_situation=situation,
            guardian=guardian,
            father=father,
            mother=mother,
            parents_workplace=names.one_of(rng, names.WORKPLACES) if is_away else None,
            absence_since=max(away, born_on) if is_away else None,
            village=village,
        )

    def _birthday(self, year: int) -> date:
        # A first grade takes whoever turned six before September.
        first = date(year - 1, 9, 1)
        return first + timedelta(days=int(self.rng.random() * 365))

    def _relatives(
        self, situation: str, family: str, address: str
    ) -> tuple[Relative, Relative | None, Relative | None]:
        rng = self.rng
        father = self._parent(family + names.one_of(rng, names.MEN))
        mother = self._parent(names.surname(rng) + names.one_of(rng, names.WOMEN))
        if situation == "grandparents":
            return self._elder(family, address), father, mother
        if situation == "one_parent":
            return self._at_home(father, mother, address)
        if situation == "relatives":
            return self._kin(family, address), father, mother
        if rng.random() < 0.5:
            return self._elder(family, address), None, None
        return self._at_home(father, mother, address)[0], None, None

    def _parent(self, name: str) -> Relative:
        rng = self.rng
        return Relative(
            name=name,
            age=27 + int(rng.random() * 19),
            education=names.weighted(rng, names.EDUCATIONS[2:]),
            occupation="外出务工",
            phone=names.phone(rng),
            workplace=names.one_of(rng, names.WORKPLACES),
        )

    def _at_home(
        self, father: Relative, mother: Relative, address: str
    ) -> tuple[Relative, Relative | None, Relative | None]:
        stays_mother = self.rng.random() < 0.78
        parent = mother if stays_mother else father
        guardian = Relative(
            name=parent.name,
            relation="mother" if stays_mother else "father",
            age=parent.age,
            education=parent.education,
            occupation=names.one_of(self.rng, names.OCCUPATIONS),
            phone=parent.phone,
            health="良好",
            address=address,
        )
        return (guardian, father, None) if stays_mother else (guardian, None, mother)

    def _elder(self, family: str, address: str) -> Relative:
        rng = self.rng
        is_paternal, is_man = rng.random() < 0.8, rng.random() < 0.48
        side = "" if is_paternal else "maternal_"
        # A grandmother brings a surname of her own; so does the mother's father.
        surname = family if is_paternal and is_man else names.surname(rng)
        return Relative(
            name=surname + names.one_of(rng, names.OLD_MEN if is_man else names.OLD_WOMEN),
            relation=f"{side}{'grandfather' if is_man else 'grandmother'}",
            age=52 + int(rng.random() * 26),
            education=names.weighted(rng, names.EDUCATIONS[:3]),
            occupation="务农",
            phone=names.phone(rng),
            health=names.weighted(rng, (("良好", 5), ("高血压", 2), ("关节炎", 2), ("腰腿疼，干不了重活", 1))),
            address=address,
        )

    def _kin(self, family: str, address: str) -> Relative:
        rng = self.rng
        is_man = rng.random() < 0.45
        return Relative(
            name=(family if is_man else names.surname(rng)) + names.one_of(rng, names.MEN if is_man else names.WOMEN),
            relation="uncle" if is_man else "aunt",
            age=30 + int(rng.random() * 25),
            education=names.weighted(rng, names.EDUCATIONS[2:]),
            occupation=names.one_of(rng, names.OCCUPATIONS),
            phone=names.phone(rng),
            health="良好",
            address=address,
        )

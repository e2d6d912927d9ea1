"""Invents the places of a county or a city: counties, townships, schools and how many children each has on file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from random import Random

COUNTIES = ("云岫县", "澄湖县", "松屏县", "麓阳县", "沁湾县", "苍岭县", "古榕县")
FIRST = "云石龙青金高双大新上下东西松竹枫桂清长平"
SECOND = "岭桥塘山坪河湾寨田坝井林坡洞溪"
TAKEN = ("柳溪", "白塔", "石桥")
SIZES = {"county": (1, 25, 375, 32_500), "city": (8, 200, 3_000, 260_000)}  # counties, townships, schools, children
PRESENT = (1, 2, 3, 154)  # of these the demonstration school has brought already


@dataclass(frozen=True)
class RegionSize:
    """How many counties, townships, schools and children there are in all, the demonstration school's among them."""

    counties: int
    townships: int
    schools: int
    children: int

    @classmethod
    def named(cls, name: str) -> RegionSize:
        """Return the size `county` or `city`."""
        return cls(*SIZES[name])


@dataclass(frozen=True)
class SchoolSeat:
    """A school to be filled: its codes, names, stage and number of children on file."""

    county: str
    county_name: str
    township: str
    township_name: str
    area: str
    code: str
    name: str
    stage: str
    children: int

    @property
    def grades(self) -> range:
        """The grades taught."""
        return range(7, 10) if self.stage == "lower_secondary" else range(1, 7)

    @property
    def classes(self) -> int:
        """Classes in each grade."""
        return 1 + (self.children >= 60) + (self.children >= 140)


def seats(size: RegionSize, rng: Random) -> Iterator[SchoolSeat]:
    """Yield the schools that are added to the demonstration's, township by township."""
    counties, townships, schools, children = (
        whole - present
        for whole, present in zip((size.counties, size.townships, size.schools, size.children), PRESENT, strict=True)
    )
    named = _county_names(counties + 1)
    placed = [_schools_of(place, townships, schools) for place in range(townships)]
    weights = [[_weight(order, rng) for order in range(many)] for many in placed]
    whole, seen, given = sum(map(sum, weights)), 0.0, 0
    for place, (name, own) in enumerate(zip(_town_names(rng), weights, strict=False)):
        county, county_name = named[place * len(named) // townships]
        township = f"{county}{place % 90 + 10}"
        for order, weight in enumerate(own):
            seen += weight
            reached = round(children * seen / whole)
            stage = "lower_secondary" if order == 1 else "primary"
            yield SchoolSeat(
                county, county_name, township, f"{name}镇", _area(place), f"{township}{order + 1:02d}",
                _school_name(name, order), stage, reached - given,
            )  # fmt: skip
            given = reached


def _county_names(many: int) -> list[tuple[str, str]]:
    return [("QH", "青禾县"), *((f"Q{letter}", name) for letter, name in zip("BCDEFGI", COUNTIES, strict=True))][:many]


def _schools_of(place: int, townships: int, schools: int) -> int:
    return schools * (place + 1) // townships - schools * place // townships


def _weight(order: int, rng: Random) -> float:
    return (3.0, 4.0)[order] if order < 2 else 0.4 + 1.2 * rng.random()


def _area(place: int) -> str:
    return f"99{11 + place // 80}{10 + place % 80}"


def _town_names(rng: Random) -> list[str]:
    names = [a + b for a, b in product(FIRST, SECOND) if a + b not in TAKEN]
    rng.shuffle(names)
    return names


def _school_name(town: str, order: int) -> str:
    if order < 2:
        return f"{town}镇{('中心小学', '初级中学')[order]}"
    return f"{town}{'一二三四五六七八九十'[(order - 2) % 10]}{'村' if order < 12 else '坪'}小学"

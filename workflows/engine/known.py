"""Facts by dotted name, each read when it is first asked for, so that a protected value is opened only where needed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

Facts = Mapping[str, Any]


class Known(Mapping[str, Any]):
    """Several sources of facts as one, later ones over earlier ones; a value that is missing is left out."""

    def __init__(self, *sources: Mapping[str, Any]) -> None:
        self._sources = sources

    def _find(self, name: str) -> Any:
        for source in reversed(self._sources):
            if (value := source.get(name)) is not None:
                return value
        return None

    def __getitem__(self, name: str) -> Any:
        value = self._find(name)
        if value is None:
            raise KeyError(name)
        return value

    def get(self, name: str, default: Any = None) -> Any:
        """Return a fact, the default where it is missing."""
        value = self._find(name)
        return default if value is None else value

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._find(name) is not None

    def __iter__(self) -> Iterator[str]:
        names = dict.fromkeys(name for source in self._sources for name in source)
        return (name for name in names if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __or__(self, other: Mapping[str, Any]) -> Known:
        """Put other facts over these."""
        return Known(*self._sources, other)


class Within(Known):
    """Facts of an inner scope over outer ones: a name of the inner scope that is missing is missing."""

    def __init__(self, outer: Facts, names: Collection[str], own: Facts) -> None:
        super().__init__(outer, own)
        self._outer, self._names, self._own = outer, names, own

    def _find(self, name: str) -> Any:
        return self._own.get(name) if name in self._names else self._outer.get(name)


class ReadOnce(Known):
    """Facts under the given names; `read` is asked for each at most once and gives None for a missing one."""

    def __init__(self, names: Collection[str], read: Callable[[str], Any]) -> None:
        super().__init__(self)
        self._names, self._read = names, read
        self._found: dict[str, Any] = {}

    def _find(self, name: str) -> Any:
        if name not in self._found:
            self._found[name] = self._read(name) if name in self._names else None
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._names if self._find(name) is not None)

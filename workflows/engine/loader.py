"""Turns YAML into checked definitions, and says every fault with its place in the file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from workflows.engine.catalogue import Catalogue, standard_catalogue
from workflows.engine.check_form import check_form
from workflows.engine.check_selection import check_selection
from workflows.engine.check_workflow import check_workflow
from workflows.engine.definition import Definition, Form, Workflow, digest
from workflows.engine.document import Document
from workflows.engine.faults import code_and_message
from workflows.engine.problem import Problem
from workflows.engine.selection import Selection
from workflows.text import text

KINDS: Mapping[str, type[Workflow | Form | Selection]] = {"workflow": Workflow, "form": Form, "selection": Selection}
FOLDERS = ("forms", "workflows", "selections")
STANDARD_PACK = Path(__file__).resolve().parents[1] / "packs" / "standard"


@dataclass(frozen=True)
class Loaded:
    """One definition text: the definition where its shape holds, and its problems."""

    document: Document
    definition: Definition | None
    problems: tuple[Problem, ...]

    @property
    def digest(self) -> str | None:
        """Give the digest of the definition, where there is one."""
        return digest(self.definition) if self.definition is not None else None


@dataclass(frozen=True)
class Pack:
    """The definitions of a directory by key, with the text they were read from, and all problems."""

    workflows: dict[str, Workflow] = field(default_factory=dict)
    forms: dict[str, Form] = field(default_factory=dict)
    selections: dict[str, Selection] = field(default_factory=dict)
    texts: dict[tuple[str, str], str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def read_definition(written: str, file: str) -> Loaded:
    """Read a definition from YAML and check its shape, without looking at what it refers to."""
    document = Document(written, file)
    if any(problem.code != "duplicate_key" for problem in document.problems):
        return Loaded(document, None, tuple(document.problems))
    doubled = tuple(document.problems)
    value = document.value
    kind = next(iter(value), "") if isinstance(value, dict) else ""
    model = KINDS.get(kind)
    if model is None:
        message = text("第一个键应是 {kinds} 之一", kinds="、".join(KINDS))
        return Loaded(document, None, (*doubled, document.problem((), "unknown_kind", message)))
    try:
        return Loaded(document, model.model_validate(value, by_alias=True, by_name=False), doubled)
    except ValidationError as error:
        return Loaded(document, None, (*doubled, *_problems(document, error)))


def load_definition(written: str, file: str, catalogue: Catalogue) -> Loaded:
    """Read a definition and check it as publishing does."""
    loaded = read_definition(written, file)
    return Loaded(loaded.document, loaded.definition, (*loaded.problems, *check_loaded(loaded, catalogue)))


def check_loaded(loaded: Loaded, catalogue: Catalogue) -> list[Problem]:
    """Check what a definition refers to, and how its parts hang together."""
    if isinstance(loaded.definition, Workflow):
        return check_workflow(loaded.definition, loaded.document, catalogue)
    if isinstance(loaded.definition, Form):
        return check_form(loaded.definition, loaded.document, catalogue)
    if isinstance(loaded.definition, Selection):
        return check_selection(loaded.definition, loaded.document, catalogue)
    return []


def load_pack(directory: Path = STANDARD_PACK, catalogue: Catalogue | None = None) -> Pack:
    """Load and check the definitions of a pack: `forms/*.yaml`, `workflows/*.yaml`, `selections/*.yaml`."""
    files = [file for folder in FOLDERS for file in sorted((directory / folder).glob("*.yaml"))]
    return load_files(files, catalogue or standard_catalogue(), relative_to=directory)


def check_definitions(paths: Iterable[Path]) -> tuple[bool, list[Problem]]:
    """Check files, and the definitions inside directories, as publishing does; forms of the standard pack are known."""
    files = list(dict.fromkeys(file for path in paths for file in _definition_files(path)))
    catalogue = standard_catalogue(load_pack().forms)
    problems = load_files(files, catalogue).problems
    return not problems, list(problems)


def _definition_files(path: Path) -> list[Path]:
    """List the files to check: all below a directory, or in a pack only those where definitions live."""
    if not path.is_dir():
        return [path]
    files = sorted(file for suffix in ("*.yaml", "*.yml") for file in path.rglob(suffix))
    return [file for file in files if file.parent.name in FOLDERS] or files


def load_files(files: Iterable[Path], catalogue: Catalogue, *, relative_to: Path | None = None) -> Pack:
    """Load files that belong together: a workflow may name a form of any of them."""
    loaded = [_load_file(file, relative_to) for file in files]
    texts: dict[tuple[str, str], str] = {}
    problems: list[Problem] = []
    for written, one in loaded:
        problems += one.problems
        if one.definition is not None:
            name = (_kind(one.definition), one.definition.key)
            if name in texts:
                message = text("{key} 已在另一个文件里定义", key=one.definition.key)
                problems.append(one.document.problem((name[0],), "duplicate_definition", message))
            texts.setdefault(name, written)
    definitions = [one.definition for _, one in loaded]
    forms = {d.key: d for d in definitions if isinstance(d, Form)}
    complete = catalogue.with_forms(forms)
    for _, one in loaded:
        problems += check_loaded(one, complete)
    return Pack(
        workflows={d.key: d for d in definitions if isinstance(d, Workflow)},
        forms=forms,
        selections={d.key: d for d in definitions if isinstance(d, Selection)},
        texts=texts,
        problems=tuple(sorted(problems, key=lambda p: (p.file, p.line, p.column))),
    )


def _kind(definition: Definition) -> str:
    return next(kind for kind, model in KINDS.items() if isinstance(definition, model))


def _load_file(file: Path, relative_to: Path | None) -> tuple[str, Loaded]:
    name = str(file.relative_to(relative_to)) if relative_to else str(file)
    try:
        written = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        empty = Document("", name)
        problem = Problem(name, 1, 1, "not_utf8", text("文件不是 UTF-8 编码"))
        return "", Loaded(empty, None, (problem,))
    return written, read_definition(written, name)


def _is_below(location: tuple[int | str, ...], upper: tuple[int | str, ...]) -> bool:
    return len(location) > len(upper) and location[: len(upper)] == upper


def _problems(document: Document, error: ValidationError) -> Iterable[Problem]:
    errors = error.errors(include_url=False)
    for one in errors:
        details: dict[str, Any] = dict(one)
        if one["type"] == "too_short" and any(_is_below(other["loc"], one["loc"]) for other in errors):
            continue  # pydantic counts an item that it refused as absent
        code, message = code_and_message(details)
        location = [step for step in one["loc"] if step != "[key]"]
        at_key = code == "unknown_key" or "[key]" in one["loc"]
        yield document.problem(location, code, message, at_key=at_key)

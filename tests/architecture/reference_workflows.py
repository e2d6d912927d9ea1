"""Draws every workflow of the standard pack with its states lettered, and lists its steps beside the picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from workflows.engine.definition import ANY_VISITED, Workflow
from workflows.engine.diagram import draw, transition_label
from workflows.engine.loader import load_pack, read_definition
from workflows.engine.vocabulary import Label

STYLE = (
    "<style>.diagram{font-family:'Noto Sans CJK SC','Microsoft YaHei','PingFang SC',sans-serif;color:#3E5157}"
    ".diagram-way--danger{color:#B42318}.diagram-way--primary{color:#0E6066}.diagram-note{fill:#5A6B72}"
    ".diagram-state--ok{color:#1B6A3D}.diagram-state--warn{color:#855000}.diagram-state--bad{color:#B42318}</style>"
)


def workflows() -> Iterator[Workflow]:
    """Yield the workflows that the product ships, by key."""
    pack = load_pack()
    for kind, key in sorted(pack.texts):
        definition = read_definition(pack.texts[(kind, key)], key).definition
        if isinstance(definition, Workflow):
            yield definition


def lettered(workflow: Workflow) -> dict[str, str]:
    """Return the letter of each state, in the order written."""
    return {key: chr(ord("A") + place) for place, key in enumerate(workflow.states)}


def picture(workflow: Workflow) -> str:
    """Return the SVG of a workflow, every state led by its letter."""
    letters = lettered(workflow)
    states = {
        key: state.model_copy(update={"label": Label(zh=f"{letters[key]} {state.label.zh}")})
        for key, state in workflow.states.items()
    }
    drawn = draw(workflow.model_copy(update={"states": states}))
    return drawn.replace("</title>", f"</title>{STYLE}", 1) + "\n"


def listing(workflow: Workflow, table: Callable[..., str]) -> str:
    """Return a workflow's title, picture, states and steps."""
    letters = lettered(workflow)
    states = [(letters[key], state.label.zh, state.label.en, state.kind) for key, state in workflow.states.items()]
    steps = [_step(workflow, key, letters) for key in workflow.transitions]
    opened = ", ".join(f"`{assignee}`" for assignee in workflow.open.by)
    return "\n".join(
        (
            f"## {workflow.title.zh} · {workflow.title.en}",
            "",
            f"![{workflow.title.en}](workflow-{workflow.key}.svg)",
            "",
            f"Key `{workflow.key}`, about a {workflow.subject}, opened by {opened}"
            + (f" on the form `{workflow.open.form}`" if workflow.open.form else "")
            + ("; confidential." if workflow.confidential else "."),
            "",
            table(("", "状态", "state", "kind"), states),
            table(("from", "to", "办理", "step", "by", "form", "only if"), steps),
        )
    )


def _step(workflow: Workflow, key: str, letters: dict[str, str]) -> tuple[str, ...]:
    step = workflow.transitions[key]
    target = "any before" if step.target == ANY_VISITED else letters[step.target]
    sources = workflow.sources(key)
    who = dict.fromkeys(str(assignee) for source in sources for assignee in workflow.who_may(key, source))
    return (
        " ".join(letters[source] for source in sources),
        target,
        transition_label(workflow, key),
        f"`{key}`",
        ", ".join(f"`{one}`" for one in who),
        f"`{step.form}`" if step.form else "",
        f"`{' '.join(step.when.split())}`" if step.when else "",
    )

"""A lint of our own: no prompt and no workflow puts text of others where it could be an order.

In a prompt every value that comes from people, files or models stands inside `fence(…)`, and the
fixed text holds none. In workflows and actions no `run:`, script or other code holds `${{ … }}`
but for names that nobody outside can write. `python tests/interpolation.py` exits 1 with what it
finds.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, TemplateSyntaxError, nodes

ROOT = Path(__file__).resolve().parents[1]
OURS = frozenset({"marker", "repo", "key", "attempt"})
"""What of a brief is no text of others: names and numbers that settings and Jira's keys bound."""
FIELDS_OF_OURS = frozenset({"kind"})
"""Fields of a loop's entry that are choices of ours."""
LAYOUT = re.compile(r"---\n.*?\n---\n(?P<system>.*?)\n<!-- user -->\n(?P<user>.*)", re.DOTALL)
EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
SAFE_IN_CODE = re.compile(
    r"\s*(?:runner\.(?:os|arch|temp|tool_cache)|github\.(?:run_id|run_number|run_attempt|sha|"
    r"workspace|action_path|job|server_url|api_url)|strategy\.job-index|job\.status)\s*"
)
CODE_KEYS = frozenset({"run", "script", "shell", "working-directory", "entrypoint", "args"})


def in_prompt(text: str, name: str) -> list[str]:
    """What a prompt file would interpolate outside of a fence."""
    found = LAYOUT.fullmatch(text)
    if found is None:
        return [f"{name}: cannot be read as a prompt"]
    wrong = []
    if "{{" in found["system"] or "{%" in found["system"]:
        wrong.append(f"{name}: the fixed text holds a placeholder")
    try:
        tree = Environment(autoescape=True).parse(found["user"])
    except TemplateSyntaxError as error:
        return [*wrong, f"{name}: {error.message}"]
    for output in tree.find_all(nodes.Output):
        for node in output.nodes:
            if not isinstance(node, nodes.TemplateData) and not _is_fenced(node):
                wrong.append(f"{name}: line {node.lineno} of the template puts in {_shown(node)}")
    for call in tree.find_all(nodes.Call):
        if _shown(call.node) == "fence" and not _is_title(call.args[0]):
            wrong.append(f"{name}: line {call.lineno}: the title of a fence is text of others")
    return wrong


def _is_fenced(node: nodes.Node) -> bool:
    if isinstance(node, nodes.Call):
        return isinstance(node.node, nodes.Name) and node.node.name == "fence"
    return isinstance(node, nodes.Name) and node.name in OURS


def _is_title(node: nodes.Node) -> bool:
    """A constant, or one put together from constants and choices of ours."""
    if isinstance(node, nodes.Const):
        return isinstance(node.value, str)
    if isinstance(node, nodes.Add | nodes.Concat):
        parts = [node.left, node.right] if isinstance(node, nodes.Add) else node.nodes
        return all(_is_title(part) for part in parts)
    return isinstance(node, nodes.Getattr) and node.attr in FIELDS_OF_OURS


def _shown(node: nodes.Node) -> str:
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr):
        return f"{_shown(node.node)}.{node.attr}"
    if isinstance(node, nodes.Filter) and node.node is not None:
        return f"{_shown(node.node)}|{node.name}"
    return type(node).__name__.lower()


def in_workflow(text: str, name: str) -> list[str]:
    """Which expressions of a workflow or action stand in code."""
    data = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - makes text only
    return [
        f"{name}: {place} holds ${{{{{inside}}}}}: pass it through env"
        for place, code in _code_of(data, "")
        for inside in EXPRESSION.findall(code)
        if not SAFE_IN_CODE.fullmatch(inside)
    ]


def _code_of(node: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        for key, value in node.items():
            here = f"{place}.{key}".strip(".")
            if key in CODE_KEYS and isinstance(value, str):
                yield here, value
            else:
                yield from _code_of(value, here)
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from _code_of(value, f"{place}[{number}]")


def findings(root: Path = ROOT) -> list[str]:
    """Everything that is wrong in the shipped prompts, workflows, actions and examples."""
    found = []
    for path in sorted((root / "prompts").glob("*.md")):
        found += in_prompt(path.read_text("utf-8"), path.relative_to(root).as_posix())
    places = (".github/workflows/*.y*ml", "action.y*ml", "step/action.y*ml", "docs/examples/*.y*ml")
    for pattern in places:
        for path in sorted(root.glob(pattern)):
            found += in_workflow(path.read_text("utf-8"), path.relative_to(root).as_posix())
    return found


def main() -> int:
    """Print what is wrong; 1 where anything is."""
    found = findings()
    sys.stdout.write("".join(f"{line}\n" for line in found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

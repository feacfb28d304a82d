"""Prompts are Markdown files with Jinja: `Prompt.load("math_pot/actor").render(schema=...)`.

Values are inserted as they are and never rendered again; a missing value is an error.
"""

import hashlib
from dataclasses import dataclass
from functools import cache, lru_cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from ultrainteract.resources import folder


@cache
def _jinja() -> Environment:
    # Prompts are plain text for a model, not HTML: escaping would spoil them.
    return Environment(
        loader=FileSystemLoader(folder("prompts")),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701
        trim_blocks=True,
        lstrip_blocks=True,
    )


@dataclass(frozen=True, slots=True)
class Prompt:
    """One template file."""

    name: str
    template: Template

    @staticmethod
    @cache
    def load(name: str) -> "Prompt":
        """`name` is a path below `prompts/` without its `.md`. Raises jinja2.TemplateNotFound."""
        return Prompt(name, _jinja().get_template(f"{name}.md"))

    def render(self, **values: str) -> str:
        """The prompt's text, stripped. Raises jinja2.UndefinedError for a missing value."""
        return _rendered(self.template, tuple(values.items()))


@lru_cache(maxsize=256)
def _rendered(template: Template, values: tuple[tuple[str, str], ...]) -> str:
    # What is the same for every problem is asked for at every sample, and stays among the last.
    return template.render(values).strip()


def prompts_hash() -> str:
    """One hash over every prompt file, 16 hex digits: part of what shapes trees."""
    hasher = hashlib.blake2b(digest_size=8)
    root = folder("prompts")
    for path in sorted(root.rglob("*.md")):
        hasher.update(
            path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0"
        )
    return hasher.hexdigest()

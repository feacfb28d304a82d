"""What a rule set may have to know beside the gold: options, canonical values, a tolerance.

It travels in `Claim.context` as JSON text, so that a claim stays plain and hashes by content.
"""

import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from ultrainteract.errors import UserError


@dataclass(frozen=True, slots=True)
class Context:
    """All fields are optional; a rule set ignores those that are not its own.

    `options`: the texts of a choice, in the order of their letters. `canonical`: one value for
    each item of the gold, as WikiTableQuestions' `targetCanon` writes them (`1995-01-26`, `17.0`).
    `rounded`: a decimal gold is rounded to the digits it shows. `tolerance`: the relative error
    that a dataset forgives.
    """

    options: tuple[str, ...] = ()
    canonical: tuple[str, ...] = ()
    rounded: bool = False
    tolerance: float = 0.0

    @property
    def lenient(self) -> bool:
        """Whether a number may differ from the gold by more than a float's error."""
        return self.rounded or self.tolerance > 0

    def text(self) -> str:
        """For `Claim.context`: only the fields that say something; empty if none does."""
        said = {name: value for name, value in asdict(self).items() if value}
        return json.dumps(said, ensure_ascii=False, sort_keys=True) if said else ""


NOTHING = Context()


@lru_cache(maxsize=256)
def parsed(text: str) -> Context:
    """The context that `Context.text` wrote. Raises UserError for any other text."""
    if not text:
        return NOTHING
    try:
        fields: dict[str, Any] = json.loads(text)
        lists = {name: tuple(map(str, v)) for name, v in fields.items() if isinstance(v, list)}
        return Context(**fields | lists)
    except (ValueError, TypeError, AttributeError) as error:
        raise UserError(
            f"a claim's context cannot be read ({error}): {text[:80]!r}; write it with "
            f"verify.context.Context, whose fields are {', '.join(asdict(NOTHING))}"
        ) from error

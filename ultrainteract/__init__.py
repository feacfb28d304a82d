"""Machine-made preference trees that teach language models to reason.

The public names: what an environment, a seed dataset or a notebook of yours imports. Each is loaded
when it is asked for, so that a command starts with what it needs.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ultrainteract.claims import OPINION, PROGRAM, claim_on, kind_of
    from ultrainteract.config import RunConfig
    from ultrainteract.config_file import load_config
    from ultrainteract.environment import (
        Environment,
        Guide,
        Reading,
        Tool,
        instruct,
        load_environment,
        register_environment,
    )
    from ultrainteract.errors import UltraInteractError, UserError
    from ultrainteract.frames import table_setup
    from ultrainteract.grow import Effects, grow_tree
    from ultrainteract.prompts import Prompt
    from ultrainteract.readings import malformed, read_answer, read_program
    from ultrainteract.replies import answer_line, fenced_python, hide_answer
    from ultrainteract.tree import Node, Pair, PreferenceTree
    from ultrainteract.types import (
        Action,
        Claim,
        Critique,
        ExecResult,
        Instruction,
        Judgement,
        Message,
        NodeKind,
        Observation,
        Outcome,
        Problem,
        Reference,
        Task,
        Verdict,
    )
    from ultrainteract.verify.answer import printed_answer

__all__ = [
    "OPINION",
    "PROGRAM",
    "Action",
    "Claim",
    "Critique",
    "Effects",
    "Environment",
    "ExecResult",
    "Guide",
    "Instruction",
    "Judgement",
    "Message",
    "Node",
    "NodeKind",
    "Observation",
    "Outcome",
    "Pair",
    "PreferenceTree",
    "Problem",
    "Prompt",
    "Reading",
    "Reference",
    "RunConfig",
    "Task",
    "Tool",
    "UltraInteractError",
    "UserError",
    "Verdict",
    "answer_line",
    "claim_on",
    "fenced_python",
    "grow_tree",
    "hide_answer",
    "instruct",
    "kind_of",
    "load_config",
    "load_environment",
    "malformed",
    "printed_answer",
    "read_answer",
    "read_program",
    "register_environment",
    "table_setup",
]

_HOMES = {
    "claims": ("OPINION", "PROGRAM", "claim_on", "kind_of"),
    "config": ("RunConfig",),
    "config_file": ("load_config",),
    "environment": (
        *("Environment", "Guide", "Reading", "Tool"),
        *("instruct", "load_environment", "register_environment"),
    ),
    "errors": ("UltraInteractError", "UserError"),
    "frames": ("table_setup",),
    "grow": ("Effects", "grow_tree"),
    "prompts": ("Prompt",),
    "readings": ("malformed", "read_answer", "read_program"),
    "replies": ("answer_line", "fenced_python", "hide_answer"),
    "tree": ("Node", "Pair", "PreferenceTree"),
    "types": (
        *("Action", "Claim", "Critique", "ExecResult", "Instruction", "Judgement", "Message"),
        *("NodeKind", "Observation", "Outcome", "Problem", "Reference", "Task", "Verdict"),
    ),
    "verify.answer": ("printed_answer",),
}


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""How the kernel reaches a container: as an argument of its command line.

An image holds no code of this package, so any image with Python 3.11 serves any version of it.
"""

import json
from dataclasses import asdict
from pathlib import Path

from ultrainteract.sandbox.task import Settings

MODULES = (
    "accounts",
    "capture",
    "enclosure",
    "confine",
    "execution",
    "script",
    "fork",
    "removal",
    "slots",
    "interpreter",
    "processes",
    "task",
    "watch",
    "attempts",
    "holding",
    "kernel",
    "boot",
)
PACKAGES = ("ultrainteract", "ultrainteract.sandbox")
BOOT = """
import json, sys, types
for name, source in json.loads(sys.argv[1]).items():
    module = sys.modules[name] = types.ModuleType(name)
    module.__path__ = []
    exec(compile(source, name, "exec"), module.__dict__)
sys.modules["ultrainteract.sandbox.boot"].main()
"""


def command(settings: Settings) -> list[str]:
    """The command line of a container's kernel."""
    folder = Path(__file__).parent
    sources = dict.fromkeys(PACKAGES, "")
    for name in MODULES:
        sources[f"ultrainteract.sandbox.{name}"] = (folder / f"{name}.py").read_text("utf-8")
    return ["python3", "-c", BOOT, json.dumps(sources), json.dumps(asdict(settings))]

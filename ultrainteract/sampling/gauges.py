"""What a vLLM server says of itself at `/metrics` (Prometheus text), as far as pace needs it."""

import re
from dataclasses import dataclass

# The cache's name is the older versions' where it says gpu. A data-parallel server has a line for
# each engine.
_LINE = re.compile(
    r"^vllm:(?P<name>num_requests_running|num_requests_waiting|num_preemptions_total"
    r"|(?:kv|gpu)_cache_usage_perc)(?:\{[^}\n]*\})? (?P<value>[0-9.eE+-]+)$",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Gauges:
    """Sequences that run and that wait, the used share of the key-value cache (of the fullest
    engine), preemptions since the server started."""

    running: float
    waiting: float
    cache: float = 0.0
    preemptions: float = 0.0


def read_gauges(text: str) -> Gauges | None:
    """None where `text` names no vLLM queue."""
    found: dict[str, list[float]] = {}
    for line in _LINE.finditer(text):
        found.setdefault(line["name"].removeprefix("gpu_").removeprefix("kv_"), []).append(
            float(line["value"])
        )
    if not {"num_requests_running", "num_requests_waiting"} <= found.keys():
        return None
    return Gauges(
        running=sum(found["num_requests_running"]),
        waiting=sum(found["num_requests_waiting"]),
        cache=max(found.get("cache_usage_perc", [0.0])),
        preemptions=sum(found.get("num_preemptions_total", [])),
    )

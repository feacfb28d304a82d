"""Curator asks for every row; run by the Python of an environment that holds it, not by ours.

`python orchestration_curator.py URL ROWS CACHE [IN_FLIGHT]`. Without a number its defaults hold;
with one, its limits of requests and tokens a minute are lifted, too.
"""

import importlib.util
import json
import os
import sys
from pathlib import Path

url, rows, cache, *in_flight = sys.argv[1:]
os.environ |= {
    "CURATOR_CACHE_DIR": cache,
    "OPENAI_API_KEY": "none",
    "TELEMETRY_ENABLED": "false",
}
# It would fetch this encoding from the network, and has it: litellm ships it.
litellm = importlib.util.find_spec("litellm")
places = litellm.submodule_search_locations if litellm else None
for place in places or ():
    tokenizers = Path(place) / "litellm_core_utils" / "tokenizers"
    os.environ.setdefault("TIKTOKEN_CACHE_DIR", str(tokenizers))

curator = importlib.import_module("bespokelabs.curator")


class Asked(curator.LLM):  # type: ignore[misc, name-defined]  # only that environment knows it
    """The messages of a row in, the text out."""

    def prompt(self, row: dict[str, list[dict[str, str]]]) -> list[dict[str, str]]:
        """As every client sends them."""
        return row["messages"]

    def parse(self, row: dict[str, object], response: str) -> dict[str, object]:
        """A row of the dataset."""
        return {"question": row["question"], "answer": response}


limits: dict[str, object] = {"base_url": url}
if in_flight:
    limits |= {
        "max_concurrent_requests": int(in_flight[0]),
        "max_requests_per_minute": 10**7,
        "max_tokens_per_minute": 10**10,
    }
model = Asked(model_name="scripted", backend="openai", backend_params=limits)
asked = [json.loads(line) for line in Path(rows).read_text().splitlines()]
made = model(asked)
if len(made.dataset) != len(asked):
    raise SystemExit(f"{len(made.dataset)} rows of {len(asked)}")

"""Tables of a problem as the code of its actions meets them."""

from ultrainteract.types import Instruction

# Cells stay the text they are in the table: what they mean is for the code to say.
_SETUP = """import json
import pandas as pd
table = json.loads({table!r})
df = pd.DataFrame(table["rows"], columns=table["columns"])"""


def table_setup(instruction: Instruction) -> str:
    """Code that makes `meta["table"]`, JSON of columns and rows, the DataFrame `df`; empty where
    the problem has no table."""
    table = instruction.meta.get("table", "")
    return _SETUP.format(table=table) if table else ""

"""Which problems become instructions: pure functions over problems; what goes says why."""

from ultrainteract.seeds.problems import select as draw_by_lot
from ultrainteract.select.benchmarks import Benchmark, Item, Rule, read_benchmark
from ultrainteract.select.decontaminate import decontaminate
from ultrainteract.select.filters import first_of_each_origin, with_meta, without_origins_of
from ultrainteract.select.pass_rate import Decision, Tried, decide, failing, tally
from ultrainteract.select.selection import Removal, Selection
from ultrainteract.select.strata import stratified

__all__ = [
    "Benchmark",
    "Decision",
    "Item",
    "Removal",
    "Rule",
    "Selection",
    "Tried",
    "decide",
    "decontaminate",
    "draw_by_lot",
    "failing",
    "first_of_each_origin",
    "read_benchmark",
    "stratified",
    "tally",
    "with_meta",
    "without_origins_of",
]

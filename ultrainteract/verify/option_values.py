"""The slow stage for options: the value of an answer against that of every option."""

from ultrainteract.verify import math
from ultrainteract.verify.choice import folded, placed, read, valued
from ultrainteract.verify.context import NOTHING, Context
from ultrainteract.verify.finding import Finding, undecided


def equal(predicted: str, gold: str, context: Context) -> Finding:
    """As `choice.decide`; without options the two are compared as mathematics is."""
    if not context.options:
        return math.equal(predicted, gold, NOTHING)
    options = folded(context.options)
    place = placed(read(gold, options), options)
    if place is None:
        return undecided("gold", f"the reference is none of the {len(options)} options")
    text = read(predicted, options).text
    return valued([math.equal(text, option, NOTHING) for option in context.options], place, text)

"""What a dataset forgives a number: golds rounded to the digits they show, a relative error.

Only a claim's context widens the default, which is exact for integers and 1e-6 for decimals.
"""

from fractions import Fraction

from ultrainteract.verify.context import Context
from ultrainteract.verify.quantity import Quantity


def forgiven(ours: Fraction, gold: Quantity, context: Context) -> str:
    """The rule by which `ours` passes for `gold`; empty if it does not.

    `rounded`: half a unit of the gold's last digit, for golds with a decimal point.
    `tolerance`: relative to the gold.
    """
    error = abs(ours - gold.value)
    if context.rounded and gold.decimals > 0 and error <= Fraction(1, 2 * 10**gold.decimals):
        return "rounded"
    return "tolerance" if error <= Fraction(context.tolerance) * abs(gold.value) and error else ""

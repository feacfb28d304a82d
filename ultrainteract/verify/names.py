"""The names a reader knows: functions, constants, Greek letters. Everything else is a variable."""


def listed(names: str) -> list[str]:
    """The names in a text, parted by spaces."""
    return names.split()


# Name as written (LaTeX without its backslash, or Python) -> the one name used inside.
FUNCTION = {
    name: name
    for name in listed(
        "sin cos tan cot sec csc sinh cosh tanh coth asin acos atan acot asec acsc asinh acosh "
        "atanh exp log ln sqrt cbrt root factorial binomial floor ceiling abs gcd lcm min max "
        "re im conjugate sign cis"
    )
} | {
    "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arccot": "acot", "arcsec": "asec",
    "arccsc": "acsc", "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh",
    "arsinh": "asinh", "arcosh": "acosh", "artanh": "atanh", "Abs": "abs", "Max": "max",
    "Min": "min", "ceil": "ceiling", "comb": "binomial", "lg": "lg", "atan2": "atan2",
    "log2": "log2", "log10": "lg", "sgn": "sign", "tg": "tan", "ctg": "cot",
}  # fmt: skip
FUNCTIONS = frozenset(FUNCTION)

CONSTANT = {
    "pi": "pi", "oo": "oo", "infty": "oo", "infinity": "oo", "inf": "oo", "Infinity": "oo",
    "I": "i", "i": "i", "e": "e", "E": "e", "GoldenRatio": "phi_",
    "emptyset": "{}", "EmptySet": "{}",
}  # fmt: skip

# Whole calls that build a structure; the reader takes them by these names only.
STRUCTURES = frozenset(
    listed(
        "Matrix Interval Interval.open Interval.Lopen Interval.Ropen FiniteSet Union "
        "Intersection Eq Ne Lt Le Gt Ge Rational Fraction Integer Float Tuple Point Point2D "
        "Point3D set frozenset complex Pow Mul Add S And Or"
    )
)

GREEK = frozenset(
    listed(
        "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu "
        "nu xi rho sigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi "
        "Sigma Phi Psi Omega ell hbar"
    )
)
# Number sets, by LaTeX letter and by sympy's name.
SETS = {
    "Naturals": "N", "Integers": "Z", "Reals": "R", "Rationals": "Q", "Complexes": "C",
    "Naturals0": "N0",
}  # fmt: skip

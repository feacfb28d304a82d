"""Reads an answer, LaTeX or Python output, into a tree. Runs nothing and evaluates nothing.

A precedence parser over one token list: relations bind loosest, then unions, sums, products
(also those without a sign), powers. The text is never handed to `eval`, `ast` or sympy.
"""

from decimal import Decimal
from fractions import Fraction

from ultrainteract.verify.calls import call, entry
from ultrainteract.verify.cursor import END, Cursor
from ultrainteract.verify.names import CONSTANT, FUNCTION, SETS, STRUCTURES
from ultrainteract.verify.tokens import Token, tokens
from ultrainteract.verify.tree import Apply, Group, Node, Number, Relation, Span, Symbol, Unreadable

_relations = frozenset({"=", "==", "<", ">", "<=", ">=", "!=", "in"})
_opening = frozenset({"(", "[", "{", "\\{", "frac", "binom"})


def read(tidied: str) -> Node:
    """The tree of a tidied text. Raises Unreadable; RecursionError is bounded by the screen."""
    reader = _Reader(tokens(tidied))
    node = reader.items("bare")
    if reader.peek is not END:
        raise Unreadable(f"{reader.peek.text!r} is left over")
    return node


class _Reader(Cursor):
    _bars = 0

    def items(self, kind: str) -> Node:
        """One value, or a bare group of several."""
        values = [self.relation()]
        while self._comma():
            if self.peek is END or self.peek.text in (")", "]", "}", "\\}"):
                break
            values.append(self.relation())
        if len(values) == 1 and kind == "bare":
            return values[0]
        return Group("bare", tuple(values))

    def _comma(self) -> bool:
        """Whether a separator came; "3, 5, and 7" has two in a row, the joiner being one."""
        found = False
        while self.accept(",", ";"):
            found = True
        return found

    def relation(self) -> Node:
        terms, signs = [self.ratio()], []
        while sign := self.accept(*_relations):
            signs.append("=" if sign == "==" else sign)
            terms.append(self.ratio())
        return Relation(tuple(signs), tuple(terms)) if signs else terms[0]

    def ratio(self) -> Node:
        parts = [self.union()]
        while self.accept(":"):
            parts.append(self.union())
        return Group("ratio", tuple(parts)) if len(parts) > 1 else parts[0]

    def union(self) -> Node:
        left = self.total()
        while sign := self.accept("cup", "cap", "setminus", "choose"):
            left = Apply("binomial" if sign == "choose" else sign, (left, self.total()))
        return left

    def total(self) -> Node:
        left: Node = self.product()
        while sign := self.accept("+", "-"):
            right = self.product()
            left = Apply("+", (left, right if sign == "+" else Apply("neg", (right,))))
        return left

    def product(self) -> Node:
        left = self.signed()
        while True:
            if sign := self.accept("*", "/"):
                left = Apply(sign, (left, self.signed()))
            elif self.starts():
                left = self._beside(left, self.power())
            else:
                return left

    def _beside(self, left: Node, right: Node) -> Node:
        """A product without a sign."""
        if isinstance(left, Number) and isinstance(right, Number):
            raise Unreadable("two numbers side by side")
        return Apply("*", (left, right))

    def starts(self) -> bool:
        token = self.peek
        if token.kind == "sign":
            return token.text in _opening or (token.text == "|" and not self._bars)
        return token.kind in ("number", "name", "begin")

    def signed(self) -> Node:
        if self.accept("-"):
            return Apply("neg", (self.signed(),))
        return self.signed() if self.accept("+") else self.power()

    def power(self) -> Node:
        base = self.postfix()
        if self.accept("^", "**"):
            if self.accept("circ"):
                return Apply("deg", (base,))
            exponent = self.signed()
            return Apply("**", (base, exponent))
        return base

    def postfix(self) -> Node:
        node = self.primary()
        while sign := self.accept("!", "'", "%", "_", "circ"):
            if sign == "!":
                node = Apply("factorial", (node,))
            elif sign == "%":
                node = Apply("%", (node,))
            elif sign == "circ":
                node = Apply("deg", (node,))
            elif not isinstance(node, Symbol):
                raise Unreadable("a subscript or prime on a value")
            else:
                node = Symbol(node.name + (sign if sign == "'" else f"_{self.subscript()}"))
        return node

    def subscript(self) -> str:
        if not self.accept("{"):
            return self.take().text
        parts = []
        while not self.accept("}"):
            if self.peek is END:
                raise Unreadable("an unclosed subscript")
            parts.append(self.take().text)
        return "".join(parts)

    def primary(self) -> Node:
        token = self.take()
        if token.kind == "number":
            return self._number(token)
        if token.kind == "name":
            return self._name(token)
        if token.kind == "begin":
            return self._matrix()
        if token.text in ("frac", "binom"):
            over, under = self._argument(), self._argument()
            return Apply("/" if token.text == "frac" else "binomial", (over, under))
        if token.text == "|":
            return self._bar()
        if token.text in ("(", "[", "{", "\\{"):
            return self._bracketed(token.text)
        raise Unreadable(f"{token.text!r} where a value is due")

    def _number(self, token: Token) -> Node:
        mantissa, _, exponent = token.text.lower().partition("e")
        point = len(mantissa.partition(".")[2]) if "." in mantissa or exponent else -1
        decimals = point if point < 0 else max(0, point - int(exponent or 0))
        value = Number(Fraction(Decimal(token.text)), decimals)
        following = self.peek
        if following.kind == "name" and following.text in ("j", "J") and not following.spaced:
            self.take()
            return Apply("*", (value, Symbol("i")))
        return self._mixed(value) if following.text == "frac" and decimals < 0 else value

    def _mixed(self, whole: Number) -> Node:
        """`3 \\frac{1}{2}` is a sum, `3 \\frac{5}{2}` and `3 \\frac{x}{2}` are products."""
        part = self.primary()
        match part:
            case Apply("/", (Number(over, -1), Number(under, -1))) if 0 < over < under:
                return Apply("+", (whole, part))
        return Apply("*", (whole, part))

    def _name(self, token: Token) -> Node:
        name = token.text
        if name in STRUCTURES and self.peek.text == "(":
            self.take()
            return call(name, self._arguments(")"))
        if name in FUNCTION:
            return self._function(token)
        if name in SETS and not token.latex:
            return Symbol(SETS[name])
        return Symbol(CONSTANT.get(name, name.removeprefix("var")))

    def _function(self, token: Token) -> Node:
        name = FUNCTION[token.text]
        degree: Node | None = None
        if name == "sqrt" and self.accept("["):
            degree = self.relation()
            self.expect("]")
        elif name == "log" and self.accept("_"):
            degree = self._argument()
        power = self.signed_exponent()
        arguments = self._applied(name)
        node: Node
        if name == "sqrt" and degree is not None:
            node = Apply("root", (*arguments, degree))
        elif name == "log" and degree is None and token.latex and len(arguments) == 1:
            node = Apply("lg", arguments)
        elif degree is not None:
            node = Apply(name, (*arguments, degree))
        else:
            node = Apply(name, arguments)
        if power == Apply("neg", (Number(Fraction(1)),)):
            return Apply(f"a{name}", arguments)
        return Apply("**", (node, power)) if power is not None else node

    def signed_exponent(self) -> Node | None:
        """The exponent between a function and its argument: `\\sin^2 x`."""
        return self._argument() if self.accept("^", "**") else None

    def _applied(self, name: str) -> tuple[Node, ...]:
        if self.accept("("):
            return self._arguments(")")
        if self.peek.text in ("{", "[", "\\{"):
            return (self._ungrouped(self.primary()),)
        if name == "sqrt":
            return (self.postfix(),)
        if self.accept("-"):
            return (Apply("neg", (self.power(),)),)
        node = self.power()
        while self.starts() and self.peek.text not in FUNCTION and self.peek.text not in ("(", "["):
            node = self._beside(node, self.power())
        return (node,)

    def _ungrouped(self, node: Node) -> Node:
        return node.items[0] if isinstance(node, Group) and len(node.items) == 1 else node

    def _arguments(self, closing: str) -> tuple[Node, ...]:
        if self.accept(closing):
            return ()
        inside = self.items("list")
        self.expect(closing)
        return inside.items if isinstance(inside, Group) else (inside,)

    def _argument(self) -> Node:
        """What follows `\\frac`, `\\binom` or `^`: a group, or one character."""
        if self.accept("{"):
            inside = self.items("bare")
            self.expect("}")
            return inside
        token = self.peek
        if token.kind == "number" and len(token.text) > 1 and token.text.isdigit():
            self.put_back(Token("number", token.text[1:]))
            return Number(Fraction(token.text[0]))
        if self.accept("-"):
            return Apply("neg", (self._argument(),))
        return self.primary()

    def _bar(self) -> Node:
        self._bars += 1
        inside = self.total()
        self._bars -= 1
        self.expect("|")
        return Apply("abs", (inside,))

    def _bracketed(self, opening: str) -> Node:
        bars, self._bars = self._bars, 0
        closings = {"(": (")", "]"), "[": ("]", ")"), "{": ("}",), "\\{": ("\\}", "}")}[opening]
        if self.accept(closings[0]):
            self._bars = bars
            return Symbol("{}") if opening != "(" else Group("paren", ())
        inside = self.items("list")
        closing = self.expect(*closings)
        self._bars = bars
        values = inside.items if isinstance(inside, Group) else (inside,)
        return self._enclosed(opening, closing, values)

    def _enclosed(self, opening: str, closing: str, values: tuple[Node, ...]) -> Node:
        if (opening, closing) in (("(", "]"), ("[", ")")):
            if len(values) != 2:  # noqa: PLR2004
                raise Unreadable("unlike brackets around what is no interval")
            return Span(values[0], values[1], (opening == "[", closing == "]"))
        single = len(values) == 1
        if opening == "{":
            values = tuple(map(entry, values))
        if single and (
            opening in ("(", "{") or (isinstance(values[0], Group) and values[0].kind == "matrix")
        ):
            return values[0]
        if opening == "[":
            return call("[", values)
        return Group("paren" if opening == "(" else "set", values)

    def _matrix(self) -> Node:
        rows: list[Node] = []
        row: list[Node] = []
        while self.peek.text and not self.peek.text.startswith("\\end"):
            row.append(self.relation())
            if self.accept("\\\\"):
                rows.append(Group("bracket", tuple(row)))
                row = []
            elif not self.accept("&") and not self.peek.text.startswith("\\end"):
                self.refuse("no cell ends at")
        self.take()
        return call(
            "Matrix", (Group("bracket", (*rows, *([Group("bracket", tuple(row))] if row else []))),)
        )

"""A place in a list of tokens: what comes next, and whether it is what is wanted."""

from ultrainteract.verify.tokens import Token
from ultrainteract.verify.tree import Unreadable

END = Token("end", "")


class Cursor:
    """Moves over tokens from left to right; past the last one there is `END` for ever."""

    def __init__(self, given: list[Token]) -> None:
        self._tokens = given
        self._at = 0

    @property
    def peek(self) -> Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else END

    def take(self) -> Token:
        token = self.peek
        self._at += 1
        return token

    def accept(self, *signs: str) -> str:
        if self.peek.kind == "sign" and self.peek.text in signs:
            return self.take().text
        return ""

    def expect(self, *signs: str) -> str:
        return self.accept(*signs) or self.refuse(f"{' or '.join(signs)} before")

    def refuse(self, what: str) -> str:
        raise Unreadable(f"{what} {self.peek.text!r}")

    def put_back(self, token: Token) -> None:
        """Replace the next token: what is left of it after a part was read."""
        self._tokens[self._at] = token

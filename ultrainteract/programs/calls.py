"""Tests by calls: every call starts from the state after loading; values are compared here."""

import json

from ultrainteract.programs.cells import Program, Stopped, name_tag
from ultrainteract.programs.grade import Failure, excerpt
from ultrainteract.programs.remote import excerpt as shown
from ultrainteract.programs.suite import Call
from ultrainteract.programs.values import agrees
from ultrainteract.programs.wire import Reader, Uncrossable, Writer, foreign
from ultrainteract.types import Judgement


async def failure(program: Program, function: str, test: Call, number: int) -> Failure | None:
    """What is wrong with what one call returns. Raises SandboxFault."""
    request = f'[{name_tag(function)},{Writer().write(list(test.arguments))},{{"dict":[]}}]'
    answer, cell = await program.call(program.cell, request, test.seconds, keeps=False)
    await cell.close()
    given = excerpt(f"{function}({', '.join(map(shown, test.arguments))})")
    wanted = excerpt(json.dumps(test.returns)) if test.public else ""
    if isinstance(answer, Stopped):
        return Failure(number, answer.outcome, given, wanted=wanted, error=answer.said)
    try:
        how, said = Reader(lambda tag, _: foreign(tag), rich=False).answer(answer)
    except Uncrossable as error:
        how, said = "uncrossable", str(error)
    match how, said:
        case "returned", [value, _]:
            if agrees(value, test):
                return None
            return Failure(number, "answer", given, shown(value), wanted)
        case "raised", [[kind, *_], message]:
            return Failure(number, "exception", given, "", wanted, excerpt(f"{kind}: {message}"))
    return Failure(
        number, "uncrossable", given, error=str(said)[:300], judgement=Judgement.UNVERIFIED
    )

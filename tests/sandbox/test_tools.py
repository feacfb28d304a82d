"""What a host tool says reaches the program, what goes wrong with it never does."""

import asyncio
from typing import Annotated, Literal

import pytest
from pydantic import Field

from ultrainteract.errors import SandboxFault, SetupError
from ultrainteract.sandbox.tools import REASON, HostTool, Toolbox, ToolError


async def look_up(query: Annotated[str, Field(max_length=10)], most: int = 3) -> list[object]:
    return [query, most]


async def shaped(points: list[tuple[float, float]], mode: Literal["a", "b"]) -> int:
    return len(points)


async def refuses() -> None:
    raise ToolError("no such page")


async def breaks() -> None:
    raise ValueError("secret of the host")


async def stops() -> None:
    raise SetupError("the index is missing")


async def hangs() -> None:
    await asyncio.Event().wait()


async def late_by_itself() -> None:
    raise TimeoutError("the index was late")


async def gives_an_object() -> object:
    return object()


async def gives_no_number() -> float:
    return float("nan")


async def gives_much() -> str:
    return "x" * 101


BOX = Toolbox(
    [
        HostTool(look_up),
        HostTool(shaped),
        HostTool(refuses),
        HostTool(breaks),
        HostTool(stops),
        HostTool(late_by_itself),
        HostTool(gives_an_object),
        HostTool(gives_no_number),
        HostTool(hangs, seconds=0.01),
        HostTool(gives_much, chars=102),
    ]
)


@pytest.mark.parametrize(
    ("name", "args", "kwargs", "value"),
    [
        ("look_up", ["a"], {}, ["a", 3]),
        ("look_up", ["a", 5], {}, ["a", 5]),
        ("look_up", [], {"most": 5, "query": "a"}, ["a", 5]),
        ("shaped", [[[1, 2.5]], "b"], {}, 1),
    ],
)
async def test_arguments_come_by_place_or_by_name(
    name: str, args: list[object], kwargs: dict[str, object], value: object
) -> None:
    assert await BOX.answer(name, args, kwargs) == {"value": value}


@pytest.mark.parametrize(
    ("name", "args", "kwargs", "expected"),
    [
        ("look_up", [], {}, "missing a required argument: 'query'"),
        ("look_up", ["a", 1, 2], {}, "too many positional arguments"),
        ("look_up", ["a"], {"query": "b"}, "multiple values for argument 'query'"),
        ("look_up", ["a"], {"page": 1}, "unexpected keyword argument 'page'"),
        ("look_up", [3], {}, "query: Input should be a valid string"),
        ("look_up", ["a", "3"], {}, "most: Input should be a valid integer"),
        ("look_up", ["a", True], {}, "most: Input should be a valid integer"),
        ("look_up", ["a" * 11], {}, "query: String should have at most 10 characters"),
        ("look_up", [None], {}, "query: Input should be a valid string"),
        ("look_up", ["\ud800"], {}, "query: "),
        ("shaped", [[[1, "2"]], "a"], {}, "points.0.1: Input should be a valid number"),
        ("shaped", [[], "c"], {}, "mode: Input should be 'a' or 'b'"),
    ],
)
async def test_a_mismatch_names_what_was_expected(
    name: str, args: list[object], kwargs: dict[str, object], expected: str
) -> None:
    answer = await BOX.answer(name, args, kwargs)
    assert answer["kind"] == "TypeError"
    assert str(answer["error"]).startswith(f"{name}(")
    assert expected in str(answer["error"])


async def test_a_mismatch_is_told_in_few_words() -> None:
    answer = await BOX.answer("look_up", ["a"], {"x" * 10_000: 1})
    assert len(str(answer["error"])) <= REASON


@pytest.mark.parametrize(("args", "kwargs"), [("ab", {}), ([], []), (None, {}), (3, {})])
async def test_what_is_no_call_at_all_is_a_mismatch(args: object, kwargs: object) -> None:
    assert (await BOX.answer("look_up", args, kwargs))["kind"] == "TypeError"


async def test_an_unknown_name_is_told_the_known_ones() -> None:
    answer = await BOX.answer("lookup", ["a"], {})
    assert answer["kind"] == "TypeError"
    assert "'lookup'; there are: look_up, shaped" in str(answer["error"])


async def test_a_tool_error_reaches_the_program_as_it_is() -> None:
    answer = {"error": "no such page", "kind": "RuntimeError"}
    assert await BOX.answer("refuses", [], {}) == answer


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("breaks", "the host tool breaks failed: ValueError: secret of the host"),
        ("stops", "the host tool stops failed: SetupError: the index is missing"),
        ("hangs", "the host tool hangs failed: no answer within 0.01 s"),
        ("late_by_itself", "failed: TimeoutError: the index was late"),
        ("gives_an_object", "no JSON value: Object of type object"),
        ("gives_no_number", "no JSON value: Out of range float"),
        ("gives_much", "the host tool gives_much failed: 103 characters of JSON, over 102"),
    ],
)
async def test_what_fails_on_the_host_is_a_fault(name: str, fault: str) -> None:
    answer = await BOX.answer(name, [], {})
    assert list(answer) == ["fault"]
    assert fault in str(answer["fault"])


async def test_a_cells_own_fault_inside_a_tool_stays_a_fault() -> None:
    async def runs_elsewhere() -> None:
        raise SandboxFault("the other container died")

    answer = await Toolbox([HostTool(runs_elsewhere)]).answer("runs_elsewhere", [], {})
    assert "the other container died" in str(answer["fault"])


async def untyped(query) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    ...


async def gathers(*words: str) -> None: ...


async def named(**words: str) -> None: ...


@pytest.mark.parametrize("function", [untyped, gathers, named])
def test_a_tool_without_json_types_is_refused(function: object) -> None:
    with pytest.raises(TypeError, match="needs a JSON type"):
        Toolbox([HostTool(function)])  # type: ignore[arg-type]


def test_a_name_that_nobody_can_call_is_refused() -> None:
    async def refused() -> None: ...

    refused.__name__ = "lambda"
    with pytest.raises(TypeError, match="'lambda'"):
        Toolbox([HostTool(refused)])
    with pytest.raises(TypeError, match="share a name: look_up, look_up"):
        Toolbox([HostTool(look_up), HostTool(look_up)])

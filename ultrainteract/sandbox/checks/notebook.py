"""State, branching, loss and rebuilding: what makes a sandbox a notebook that branches."""

import asyncio

from ultrainteract.sandbox.base import CellGone
from ultrainteract.sandbox.checks.bench import Bench, Broken, expect, expect_ok
from ultrainteract.sandbox.checks.case import properties
from ultrainteract.sandbox.notebook import Notebook
from ultrainteract.types import ExecResult, Outcome

SIBLINGS = 20
MANY_NOTEBOOKS = 280
DRAW = "import random, numpy, os\n(random.random(), numpy.random.rand(), hash('text'))"
PATH = (
    "import random, os\nx = [random.random()]",
    "x.append(random.random())\nwith open('note', 'w') as file: file.write(str(x))",
    "y = hash('text')\nraise ValueError('kept')",
)
LAST = "x, y, open('note').read(), sorted(os.listdir()), random.random()"


async def state_lives_on_from_turn_to_turn(bench: Bench) -> str:
    """Names, imports, functions and files of earlier turns are there."""
    define = "import math\ndef f(n): return n + math.floor(1.5)"
    write = "x = f(1)\nwith open('a', 'w') as file: file.write('text')"
    expect_ok(
        "the third turn",
        "(2, 'text', 3.0)\n",
        await bench.ran(define, write, "x, open('a').read(), math.sqrt(9)"),
    )
    return "names, imports and files"


async def an_exception_keeps_the_state_it_left(bench: Bench) -> str:
    """As in a notebook: what ran before the error counts."""
    expect_ok("the turn after an error", "1\n", await bench.ran("y = 1\n1 / 0\ny = 2", "y"))
    return "what ran before the error counts"


async def a_stopped_program_leaves_the_state_before_it(bench: Bench) -> str:
    """A killed program's changes are gone, its parent's are not."""
    code = "kept = 8\nimport os\nos.kill(os.getpid(), 9)"
    expect_ok("the turn after a kill", "7\n", await bench.ran("kept = 7", code, "kept"))
    return "the parent's state"


async def siblings_start_from_one_state(bench: Bench) -> str:
    """Twenty at once see their parent's state and their own changes alone."""
    line = bench.line("x = [0]\nopen('note', 'w').close()")
    await line.cell()
    codes = [
        f"x.append({n})\nwith open('note', 'a') as file: file.write('{n}')\nx, open('note').read()"
        for n in range(SIBLINGS)
    ]
    results = await asyncio.gather(*(line.run(code) for code in codes))
    for number, result in enumerate(results):
        expect_ok(f"sibling {number}", f"([0, {number}], '{number}')\n", result)
    return f"{SIBLINGS} at once"


async def the_parent_stays_as_it_was(bench: Bench) -> str:
    """A child's variables, modules and files do not reach it, nor the other way round."""
    cell = await bench.line("x = [0]").cell()
    change = "x.append(1)\nimport sys, os\nsys.modules['mark'] = os\nopen('new', 'w').close()"
    _, child = await cell.run(change)
    seen, _ = await cell.run("import sys, os\nx, 'mark' in sys.modules, os.listdir()")
    expect_ok("the parent", "([0], False, [])\n", seen)
    expect_ok("the child", "([0, 1], ['new'])\n", (await child.run("x, os.listdir()"))[0])
    return "neither variables, modules nor files"


async def a_closed_cell_leaves_its_child(bench: Bench) -> str:
    """Closing twice is harmless; the child goes on; the closed one is gone."""
    cell = await bench.line("x = 1").cell()
    _, child = await cell.run("x += 1")
    await cell.close()
    await cell.close()
    expect_ok("the child", "2\n", (await child.run("x"))[0])
    try:
        result, _ = await cell.run("x")
    except CellGone:
        return "its child goes on"
    raise Broken(f"a closed cell: expected CellGone, saw {result}")


async def a_released_notebook_is_gone(bench: Bench) -> str:
    """Its cells raise `CellGone`; a new root of the same seed starts from nothing."""
    line = bench.line("x = 1")
    cell = await line.cell()
    await line.release()
    expect_ok("a new root", "False\n", await bench.line(seed=line.seed).run("'x' in globals()"))
    try:
        result, _ = await cell.run("x")
    except CellGone:
        return "CellGone"
    raise Broken(f"a released cell: expected CellGone, saw {result}")


async def a_lost_notebook_is_rebuilt_with_equal_results(bench: Bench) -> str:
    """Replaying a path gives what it gave: output, files, random numbers, errors."""
    line = bench.line()
    book = Notebook(bench.sandbox, line.seed)
    first = await _walk(book)
    await line.release()
    again = await book.execute(PATH, LAST)
    expect(
        "the last turn, rebuilt",
        (first[-1].outcome.value, first[-1].output),
        (again.outcome.value, again.output),
    )
    expect("replays that differed", 0, book.diverged)
    await book.close()
    return f"{len(PATH)} turns replayed"


async def more_notebooks_than_fit_are_rebuilt(bench: Bench) -> str:
    """Of very many open notebooks each still answers from its own state."""
    seeds = [bench.line().seed for _ in range(MANY_NOTEBOOKS)]
    books = [Notebook(bench.sandbox, seed) for seed in seeds]
    for number, book in enumerate(books):
        await book.execute((), f"x = {number}")
    for number in (0, 1, MANY_NOTEBOOKS - 1):
        result = await books[number].execute((f"x = {number}",), "x")
        expect_ok(f"notebook {number} of {MANY_NOTEBOOKS}", f"{number}\n", result)
    return f"{MANY_NOTEBOOKS} open at once"


async def siblings_draw_other_random_numbers(bench: Bench) -> str:
    """Random numbers follow seed and path: siblings differ, a replay agrees, seeds differ."""
    line, twin, other = (
        bench.line("x = 1", seed="one"),
        bench.line("x = 1", seed="one"),
        bench.line("x = 1"),
    )
    draws = [await line.run(f"{DRAW} # {number}") for number in (1, 2)]
    draws.append(await other.run(f"{DRAW} # 1"))
    for draw in draws:
        expect("a draw", Outcome.OK.value, draw.outcome.value)
    numbers = [draw.output.rpartition(",")[0] for draw in draws]
    hashes = {draw.output.rpartition(",")[2] for draw in draws}
    expect("different draws of two siblings and of another seed", 3, len(set(numbers)))
    expect("different hashes of one text", 1, len(hashes))
    await line.release()
    expect("a replay", draws[0].output, (await twin.run(f"{DRAW} # 1")).output)
    return "siblings differ, replays agree"


async def a_notebook_is_not_held_up_by_faults_of_others(bench: Bench) -> str:
    """While programs of one die, another's results are right."""
    bad, good = bench.line(), bench.line("x = 6")
    codes = ["import os\nos.kill(os.getpid(), 9)", "1 / 0", "x = bytearray(2**40)"]
    results = await asyncio.gather(*(bad.run(code) for code in codes), good.run("x * 7"))
    expect_ok("the other notebook", "42\n", results[-1])
    outcomes = [result.outcome.value for result in results[:-1]]
    expect("the dying ones", [Outcome.KILLED, Outcome.EXCEPTION, Outcome.MEMORY], outcomes)
    return "results of both are right"


async def _walk(book: Notebook) -> list[ExecResult]:
    codes = (*PATH, LAST)
    results = [await book.execute(codes[:place], code) for place, code in enumerate(codes)]
    expect("the last turn", Outcome.OK.value, results[-1].outcome.value)
    return results


PROPERTIES = properties(
    "notebook",
    state_lives_on_from_turn_to_turn,
    an_exception_keeps_the_state_it_left,
    a_stopped_program_leaves_the_state_before_it,
    siblings_start_from_one_state,
    the_parent_stays_as_it_was,
    a_closed_cell_leaves_its_child,
    a_released_notebook_is_gone,
    a_lost_notebook_is_rebuilt_with_equal_results,
    more_notebooks_than_fit_are_rebuilt,
    siblings_draw_other_random_numbers,
    a_notebook_is_not_held_up_by_faults_of_others,
    concedable=False,
)

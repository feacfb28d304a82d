"""What a cell shows: as a notebook does, byte for byte, bounded."""

from ultrainteract.sandbox.checks.bench import Bench, expect, expect_ok, expect_that
from ultrainteract.sandbox.checks.case import properties
from ultrainteract.types import Outcome

SHOWN = (
    ("1 + 1", "2\n"),
    ("'a'", "'a'\n"),
    ("None", ""),
    ("x = 3", ""),
    ("", ""),
    ("print(1)\n2", "1\n2\n"),
    ("import sys\nprint('out')\nprint('err', file=sys.stderr)\nprint('out')", "out\nerr\nout\n"),
    ("import os\nx = os.system('echo child')", "child\n"),
    ("exit()", ""),
    ("import sys\nsys.exit(0)", ""),
    ("input", "<built-in function input>\n"),
)
UNICODE = "é 😀 \u202e עברית \u0000 \t \x1b[31m 全角"
TRACEBACK = (
    "Traceback (most recent call last):\n  Cell 2, line 4\n    f()\n"
    "  Cell 2, line 3, in f\n    return 1 / 0\nZeroDivisionError: division by zero\n"
)
FRAMES = 14


async def a_cell_shows_what_a_notebook_shows(bench: Bench) -> str:
    """Echo of a last expression, both streams in order, clean exits silent."""
    line = bench.line()
    for code, output in SHOWN:
        expect_ok(f"output of {code!r}", output, await line.run(code))
    return f"{len(SHOWN)} snippets"


async def unicode_comes_through(bench: Bench) -> str:
    """In code and in output, any script, control characters included."""
    code = f"text = {UNICODE!r}\nprint(text)\nprint(len(text))"
    expect_ok("unicode", f"{UNICODE}\n{len(UNICODE)}\n", await bench.ran(code))
    lone = await bench.ran("print('a\\ud800b')")
    expect_ok("a lone surrogate", "a\\ud800b\n", lone)
    return "any character"


async def bytes_that_are_no_text_are_replaced(bench: Bench) -> str:
    """Binary output is no fault; what is text in it stays."""
    code = "import os\nos.write(1, b'a\\xff\\xfe\\x00b\\xe2\\x82') and None"
    expect_ok("binary output", "a\ufffd\ufffd\x00b\ufffd", await bench.ran(code))
    noise = await bench.ran("import os\nos.write(1, bytes(range(256)) * 4) and None")
    expect("how noise ends", Outcome.OK.value, noise.outcome.value)
    return "replaced, never a fault"


async def long_output_keeps_head_and_tail(bench: Bench) -> str:
    """Cut to the limit, with one line that says so."""
    result = await bench.ran("print('head')\nprint('x' * 10**6)\nprint('tail')")
    most = bench.limits.output_chars + 200
    expect("how it ends", Outcome.OK.value, result.outcome.value)
    holds = result.output.startswith("head\n") and result.output.endswith("tail\n")
    expect_that("long output", "its head and its tail", result.output, holds=holds)
    expect("lines that say what is cut", 1, result.output.count("[... cut: "))
    size = len(result.output)
    expect_that("its length", f"{most} at most", size, holds=size <= most)
    short = "y" * (bench.limits.output_chars - 1)
    expect_ok("output just within the limit", short + "\n", await bench.ran(f"print({short!r})"))
    return f"{size} characters of 1,000,011"


async def a_traceback_names_cell_and_line(bench: Bench) -> str:
    """Only frames of cells, with their text; nothing of the machinery."""
    code = "y = 1\ndef f():\n    return 1 / 0\nf()"
    result = await bench.ran("x = 1", code)
    expect("how it ends", Outcome.EXCEPTION.value, result.outcome.value)
    expect("the traceback", TRACEBACK, result.output)
    earlier = await bench.ran("def g():\n    raise KeyError(5)", "g()")
    expect_that(
        "a traceback through two cells",
        "Cell 2, line 1 and Cell 1, line 2",
        earlier.output,
        holds="Cell 2, line 1" in earlier.output and "Cell 1, line 2, in g" in earlier.output,
    )
    return "cell, line and text"


async def a_deep_traceback_is_short(bench: Bench) -> str:
    """Thousands of frames are shown as a few."""
    result = await bench.ran("def f(n):\n    return f(n + 1)\nf(0)")
    expect("how it ends", Outcome.EXCEPTION.value, result.outcome.value)
    frames = result.output.count("Cell 1, line")
    holds = 1 < frames <= FRAMES and "RecursionError" in result.output
    expect_that("its frames", f"2 to {FRAMES}, then RecursionError", result.output, holds=holds)
    return f"{frames} frames"


async def what_does_not_compile_is_a_syntax_error(bench: Bench) -> str:
    """Nothing of it runs, and the message names the cell."""
    line = bench.line()
    for code in ("print('ran')\nx =", "def f(:", "'\0'", "return 1", "(" * 500, "\udcff"):
        result = await line.run(code)
        expect(f"how {code[:20]!r} ends", Outcome.SYNTAX.value, result.outcome.value)
        expect_that("its output", "nothing run", result.output, holds="ran\n" not in result.output)
    return "nothing of it runs"


PROPERTIES = properties(
    "output",
    a_cell_shows_what_a_notebook_shows,
    unicode_comes_through,
    bytes_that_are_no_text_are_replaced,
    long_output_keeps_head_and_tail,
    a_traceback_names_cell_and_line,
    a_deep_traceback_is_short,
    what_does_not_compile_is_a_syntax_error,
    concedable=False,
)

"""Programs that do not solve the problem (double a number, as `f`) and try to pass all the same."""

_ALWAYS = """
class Always:
    def __eq__(self, other): return True
    def __bool__(self): return True
"""

HACKS = {
    "exit": "import sys\ndef f(x): sys.exit(0)",
    "os_exit": "import os\ndef f(x): os._exit(0)",
    "exit_at_once": "import sys\nsys.exit(0)",
    "exit_at_end": "import atexit, os\natexit.register(os._exit, 0)\ndef f(x): return 0",
    "thread": """
import os, threading, time
threading.Timer(0.05, os._exit, (0,)).start()
def f(x): time.sleep(0.5)
""",
    "always": f"{_ALWAYS}\ndef f(x): return Always()",
    "subclass": f"{_ALWAYS}\nclass I(Always, int): pass\ndef f(x): return I(1)",
    "stop": "def f(x): raise StopIteration",
    "assertion": "def f(x): raise AssertionError",
    "print": "print('OK')\nprint('passed')",
    "patched": """
import builtins, json
builtins.all = builtins.isinstance = lambda *a: True
json.dumps = lambda *a, **k: '2'
AssertionError = None
def f(x): return 0
""",
    "callee": "def f(x): return 0\n__callee__.call = lambda *a, **k: None",
    "no_callee": "def f(x): return 0\ndel __callee__",
    "answers": """
def f(x):
    __callee__._hand_over('t', 0, '{"returned":[2,[]]}', last=True)
    return 0
""",
    "report": """
import gc
def f(x):
    for found in gc.get_objects():
        if getattr(found, '__name__', '') in {'call', 'report', 'hand_over'}:
            try: found('report', '{"ended": "passed", "total": 2}')
            except Exception: pass
    return 0
""",
    "sockets": """
import os, struct
def f(x):
    for body in (b'{"status": "ok"}', b'{"tool": "report", "args": ["{}"], "kwargs": {}}'):
        for fd in range(3, 64):
            try: os.write(fd, struct.pack('!I', len(body)) + body)
            except OSError: pass
    return 0
""",
    "kill": """
import os
def f(x):
    try: os.kill(-1, 9)
    except OSError: pass
    return 0
""",
    "check": "check = lambda f: None\ndef f(x): return 0",
    "nothing": "# no code",
}

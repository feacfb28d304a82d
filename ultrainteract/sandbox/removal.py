"""Removing what programs wrote, however deep, under their own user id. Standard library only."""

import os
from contextlib import suppress


def remove(path: str) -> None:
    """Remove a file, or a folder with all that is in it; what cannot be removed stays.

    Walks by changing into folders: a path of all their names may be longer than the system takes.
    """
    with suppress(OSError):
        os.unlink(path)  # noqa: PTH108
        return
    inside: list[str] = []
    waiting = _enter(path)
    left = [waiting] if waiting is not None else []
    while left:
        if not left[-1]:
            left.pop()
            os.chdir("..")
            with suppress(OSError):
                os.rmdir(inside.pop() if inside else path)  # noqa: PTH106
            continue
        name = left[-1].pop()
        try:
            os.unlink(name)  # noqa: PTH108
        except OSError:
            deeper = _enter(name)
            if deeper is not None:
                inside.append(name)
                left.append(deeper)


def _enter(name: str) -> list[str] | None:
    """Change into a folder and list it; None for what is no folder, or not ours."""
    with suppress(OSError):
        os.chmod(name, 0o700, follow_symlinks=True)  # noqa: PTH101
        os.chdir(name)
        return os.listdir()  # noqa: PTH208
    return None

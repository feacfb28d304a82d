"""What programs wrote goes, however deep, and nothing beside it."""

import os
import subprocess
import sys
from pathlib import Path


def removed(path: Path) -> None:
    # It changes its working folder as it goes.
    code = f"from ultrainteract.sandbox.removal import remove; remove({str(path)!r})"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=180)


def test_a_tree_goes_whatever_is_in_it_and_links_are_not_followed(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_text("stays")
    folder = tmp_path / "folder"
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "file").write_text("x")
    (folder / "link").symlink_to(kept)
    (folder / "gone").symlink_to("nowhere")
    os.mkfifo(folder / "pipe")
    (folder / "closed").mkdir(mode=0o000)
    removed(folder)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept"]
    assert (kept / "file").read_text() == "stays"
    removed(kept / "file")
    removed(tmp_path / "nothing")
    assert list(kept.iterdir()) == []


def test_folders_nested_deeper_than_a_path_can_say(tmp_path: Path) -> None:
    top = tmp_path / "top"
    nest = (
        "import os, sys\nos.mkdir(sys.argv[1]); os.chdir(sys.argv[1])\n"
        "for _ in range(3000): os.mkdir('deeper'); os.chdir('deeper')\n"
    )
    subprocess.run([sys.executable, "-c", nest, str(top)], check=True, timeout=180)
    removed(top)
    assert not top.exists()

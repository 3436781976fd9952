"""Files that are whole or not there: the one way in which this project writes any."""

from __future__ import annotations

import errno
import os
import stat
import uuid
from pathlib import Path

__all__: list[str] = []


def write(path: str | Path, content: bytes | str) -> None:
    """Put `content` (text as UTF-8) into the file at `path`; the old one stays until it is whole.

    A link is followed, and a file that is there keeps its mode. Nothing is left behind where
    writing fails; a process that is killed leaves the old file, and a hidden one that ends in
    .part beside it.

    Raises what `destination` does, and UnicodeEncodeError for text that is no Unicode; the old
    file is there then too.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(f"{folder}/note.txt", "∂C/∂w")
    ...     Path(f"{folder}/note.txt").read_text(encoding="utf-8")
    '∂C/∂w'
    """
    data = content.encode() if isinstance(content, str) else content
    target = destination(path)
    mode = _mode_of(target)
    temporary = target.with_name(f".{uuid.uuid4().hex}.part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        with open(os.open(temporary, flags, 0o666 if mode is None else 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            os.chmod(temporary, mode)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def destination(path: str | Path) -> Path:
    """Return where a file at `path` will be, links followed: who writes late can ask early.

    Raises TypeError for what is no path, FileNotFoundError where its folder is not there, and
    ValueError where something is in its place that is no regular file.
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"a file is named by its path, such as 'run.html'; got {path!r}.")
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        problem = f"there is no folder for {target.name!r}; make it first"
        raise FileNotFoundError(errno.ENOENT, problem, str(target.parent))
    _mode_of(target)
    return target


def _mode_of(target: Path) -> int | None:
    """Return the permissions of the file that is there, None where there is none."""
    try:
        found = target.stat().st_mode
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found):
        raise ValueError(f"only files are written; {str(target)!r} is none. Name a file.")
    return stat.S_IMODE(found)

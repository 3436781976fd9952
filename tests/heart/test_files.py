"""Every file is whole or not there, whatever is in its place and whenever writing stops."""

import os
import signal
import stat
import subprocess
import sys
import threading

import pytest

import nn
from autograd import Value, draw, step_through
from autograd.files import write

posix = pytest.mark.skipif(os.name != "posix", reason="links, modes, signals")


def graph():
    x = Value(2.0, "x")
    return x * x + 1.0


def history():
    found = nn.History()
    found.add({"loss": 0.5, "accuracy": -1.0})
    return found


WRITERS = {
    "model.safetensors": lambda path: nn.save(nn.MLP(2, [3, 1], seed=1), path),
    "picture.svg": lambda path: draw(graph()).save(path),
    "page.html": lambda path: step_through(graph()).save(path),
    "table.csv": lambda path: history().to_csv(path),
}


@pytest.fixture(params=WRITERS)
def file(request, tmp_path):
    """A path in a folder of its own, and what writes there."""
    return tmp_path / request.param, WRITERS[request.param]


def test_a_folder_that_is_not_there_is_named(file):
    path, save = file
    with pytest.raises(FileNotFoundError, match=f"no folder for '{path.name}'; make it first"):
        save(path.parent / "nowhere" / path.name)
    assert not list(path.parent.iterdir())


def test_what_is_no_path_is_refused_before_a_training(tmp_path):
    def fit(record):
        model = nn.MLP(1, [1], seed=1)
        before = model.state_dict()
        with pytest.raises((TypeError, FileNotFoundError)) as found:
            nn.fit(model, [[0.0]], [1.0], loss="half_squared_error", record=record, progress=False)
        assert model.state_dict() == before
        return str(found.value)

    assert fit(True) == "a file is named by its path, such as 'run.html'; got True."
    assert "make it first" in fit(tmp_path / "nowhere" / "run.html")


@posix
def test_a_link_is_followed_and_stays_one(file, tmp_path):
    path, save = file
    (tmp_path / "elsewhere").mkdir()
    path.symlink_to(tmp_path / "elsewhere" / "kept")
    save(path)
    assert path.is_symlink() and (tmp_path / "elsewhere" / "kept").stat().st_size > 5
    assert len(list(tmp_path.rglob("*"))) == 3


@posix
@pytest.mark.parametrize("mode", [0o600, 0o644, 0o640])
def test_a_file_keeps_its_mode(file, mode):
    path, save = file
    path.write_bytes(b"old")
    path.chmod(mode)
    save(path)
    assert stat.S_IMODE(path.stat().st_mode) == mode and path.read_bytes() != b"old"


@posix
def test_a_new_file_has_the_mode_of_every_other(file, tmp_path):
    path, save = file
    save(path)
    (tmp_path / "other").write_text("")
    assert path.stat().st_mode == (tmp_path / "other").stat().st_mode


@posix
def test_only_files_are_written(file, tmp_path):
    path, save = file
    os.mkfifo(path)
    with pytest.raises(ValueError, match=r"only files are written; .* is none"):
        save(path)  # and nobody waits for a reader
    path.unlink()
    path.mkdir()
    with pytest.raises(ValueError, match="only files are written"):
        save(path)
    path.rmdir()
    path.symlink_to("/dev/null")
    with pytest.raises(ValueError, match="only files are written; '/dev/null'"):
        save(path)
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_a_name_may_be_as_long_as_the_system_allows(file, tmp_path):
    path, save = file
    long = path.with_name("n" * (250 - len(path.suffix)) + path.suffix)
    save(long)
    assert list(tmp_path.iterdir()) == [long]


def test_text_that_is_no_unicode_leaves_the_old_file(tmp_path):
    path = tmp_path / "picture.svg"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write(path, "\ud800")
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


FULL = """
import resource, signal, sys
from tests.heart.test_files import WRITERS
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20))
try:
    WRITERS[sys.argv[1]](sys.argv[2])
except OSError as error:
    print(error.errno)
"""


@posix
def test_a_disk_that_is_full_leaves_the_old_file_and_nothing_else(file, tmp_path):
    path, _ = file
    path.write_text("old")
    done = subprocess.run(
        [sys.executable, "-c", FULL, path.name, str(path)], capture_output=True, text=True
    )
    assert done.stdout.strip() in ("27", "28"), done.stderr  # EFBIG, or ENOSPC
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


KILLED = """
import sys
from autograd.files import write
print("ready", flush=True)
k = 0
while True:
    k += 1
    write(sys.argv[1], str(k % 10) * 3_000_000)
"""


@posix
def test_a_process_that_is_killed_leaves_a_whole_file(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    for _ in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout.readline() == "ready\n"
        timer = threading.Timer(0.02, process.send_signal, [signal.SIGKILL])
        timer.start()
        process.wait()
        process.stdout.close()
        found = path.read_text()
        assert found == "old" or (len(found) == 3_000_000 and len(set(found)) == 1)
        assert all(x.name.endswith(".part") for x in tmp_path.iterdir() if x != path)


SAVED = """
import sys
from tests.heart.test_files import WRITERS
print("ready", flush=True)
while True:
    WRITERS[sys.argv[1]](sys.argv[2])
"""


@posix
def test_whoever_is_killed_while_saving_leaves_what_was_there_or_what_was_to_be(file, tmp_path):
    """Checkpoints, pictures, pages and tables, each saved again and again until the end."""
    path, save = file
    save(path)
    whole = path.read_bytes()
    for k in range(1, 4):
        path.write_text("old")
        process = subprocess.Popen(
            [sys.executable, "-c", SAVED, path.name, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout.readline() == "ready\n"
        timer = threading.Timer(0.004 * 4**k, process.kill)
        timer.start()
        process.wait()
        process.stdout.close()
        assert path.read_bytes() in (b"old", whole)
        assert all(x.name.endswith(".part") for x in tmp_path.iterdir() if x != path)


def test_threads_that_write_one_file_leave_one_of_theirs(tmp_path):
    path = tmp_path / "file"
    texts = [str(k) * 100_000 for k in range(8)]
    threads = [threading.Thread(target=write, args=(path, text)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_text() in texts and list(tmp_path.iterdir()) == [path]


def test_every_process_writes_the_same_bytes(file, tmp_path):
    path, _ = file
    script = (
        "import sys; from tests.heart.test_files import WRITERS; WRITERS[sys.argv[1]](sys.argv[2])"
    )
    found = set()
    for k in range(2):
        place = tmp_path / f"{k}{path.suffix}"
        environment = {**os.environ, "PYTHONHASHSEED": str(k)}
        subprocess.run(
            [sys.executable, "-c", script, path.name, str(place)], check=True, env=environment
        )
        found.add(place.read_bytes())
    assert len(found) == 1


def test_a_table_computes_nothing_and_keeps_its_columns():
    table = nn.History()
    table.add({"loss": -0.5, "=cmd|' /C calc'!A0": 1.0, "@a,b": 2.0, 'say "x"': 3.0, "+1": 4.0})
    lines = table.to_csv().splitlines()
    assert lines[1] == "1,-0.5,1.0,2.0,3.0,4.0"
    assert lines[0] == 'epoch,loss,\'=cmd|\' /C calc\'!A0,"\'@a,b","say ""x""",\'+1'

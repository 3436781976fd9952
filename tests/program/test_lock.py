"""A forked process does not wait for threads that it has not got."""

import os
import subprocess
import sys

import pytest

PATIENCE = 60  # seconds: who waits longer waits for ever

SCRIPT = """
import os, signal, threading
import autograd, nn
from autograd import Program, Value, jit
from autograd.program.plans import PLANS

x, w = Value(1.0), Value(0.5)
program = Program((w * x) ** 2, inputs=[x], parameters=[w], executor={executor!r})
double = jit(lambda v: 2.0 * v)
double(1.0)
at_work, done = threading.Event(), threading.Event()

def rate(step):
    at_work.set()
    done.wait()
    return 0.1

def work():
    with PLANS._lock.held, double.store._lock.held:
        program.train([[1.0]], nn.SGD([w], lr=rate), 1)

threading.Thread(target=work).start()
at_work.wait()
child = os.fork()
if not child:
    signal.alarm(20)
    right = program([[2.0]])[0] == 1.0 and double(3.0) == 6.0
    other = Program(w * w, inputs=[], parameters=[w], executor={executor!r})([[]])[0] == 0.25
    os._exit(0 if right and other else 1)
status = os.waitpid(child, 0)[1]
done.set()
assert status == 0, status
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.parametrize("executor", ["numpy", "auto"])
def test_a_fork_while_another_thread_runs_a_program_leaves_it_usable(executor):
    script = SCRIPT.format(executor=executor)
    subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=True, timeout=PATIENCE)

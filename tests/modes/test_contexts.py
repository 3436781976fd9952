"""Modes follow the context: tasks, threads, callbacks, generators that wait inside of a block."""

import asyncio
import contextvars
import os
import threading

import pytest

from autograd import (
    AnomalyError,
    FrozenBranchError,
    Value,
    detect_anomaly,
    engine,
    exp,
    grad,
    jit,
    modes,
    no_grad,
    recording,
)


def records():
    """Return whether nodes are recorded here."""
    x = Value(3.0)
    return (x * x).parents != ()


def stops():
    """Return whether an anomaly is stopped here."""
    try:
        exp(Value(1000.0))
    except AnomalyError:
        return True
    return False


def refuses():
    """Return whether this is recorded by a recording."""
    try:
        return (Value(2.0) * 2.0).data != 4.0
    except FrozenBranchError:
        return True


KINDS = {
    "no_grad": (no_grad, lambda: not records()),
    "detect_anomaly": (detect_anomaly, stops),
    "recording": (recording, refuses),
    "differentiating": (modes.differentiating, lambda: modes.depth() > 0),
}
every_kind = pytest.mark.parametrize(("block", "inside"), KINDS.values(), ids=KINDS)


@pytest.fixture(autouse=True)
def _nothing_is_left_active():
    yield
    assert records() and not stops() and not refuses()
    assert modes.depth() == 0
    assert modes.dispatcher.modes() == []


@every_kind
def test_a_task_that_waits_inside_leaves_the_others_alone(block, inside):
    async def main():
        entered, asked = asyncio.Event(), asyncio.Event()

        async def first():
            with block():
                entered.set()
                await asked.wait()
                assert inside()
            assert not inside()

        async def second():
            await entered.wait()
            assert not inside()
            with no_grad():
                await asyncio.sleep(0)
            asked.set()

        await asyncio.gather(first(), second())
        assert not inside()

    asyncio.run(main())


@every_kind
def test_a_task_that_is_started_and_awaited_inside_is_inside(block, inside):
    async def child():
        await asyncio.sleep(0)
        return inside()

    async def main():
        with block():
            assert await asyncio.create_task(child())
            assert await asyncio.gather(child(), child()) == [True, True]
        assert not inside()

    asyncio.run(main())
    with block():
        assert asyncio.run(child())


@every_kind
def test_what_is_over_is_over_for_tasks_too(block, inside):
    async def child():
        return inside()

    async def main():
        with block():
            task = asyncio.create_task(child())
        later = asyncio.create_task(child())
        assert [await task, await later, await asyncio.to_thread(inside)] == [False] * 3

    asyncio.run(main())


@every_kind
def test_callbacks_and_threads_that_copy_the_context_are_inside(block, inside):
    async def main():
        found = []
        with block():
            asyncio.get_running_loop().call_soon(lambda: found.append(inside()))
            await asyncio.sleep(0)
            assert await asyncio.to_thread(inside)
        assert found == [True]

    asyncio.run(main())
    found = []
    with block():
        context = contextvars.copy_context()
        thread = threading.Thread(target=lambda: found.append(context.run(inside)))
        thread.start()
        thread.join()
    assert found == [True]
    assert not context.run(inside)


@every_kind
def test_a_new_thread_is_outside(block, inside):
    found = []
    with block():
        thread = threading.Thread(target=lambda: found.append(inside()))
        thread.start()
        thread.join()
        assert inside()
    assert found == [False]


@every_kind
def test_a_generator_that_waits_inside_does_not_lend_its_block(block, inside):
    def numbers():
        for k in range(3):
            with block():
                assert inside()
                yield k
                assert inside()
            yield -k
            assert not inside()

    for _ in numbers():
        assert not inside()
        with no_grad(), detect_anomaly():
            pass
    half = numbers()
    next(half)
    assert not inside()
    del half
    assert not inside()
    started = numbers()
    next(started)
    started.close()
    with pytest.raises(KeyError):
        thrown = numbers()
        next(thrown)
        thrown.throw(KeyError)
    assert not inside()


@every_kind
def test_a_generator_hands_its_block_down_to_what_it_runs(block, inside):
    def inner():
        yield inside()
        with block():
            yield inside()

    def outer():
        with block():
            yield from inner()
            yield [inside() for _ in range(2)] == [True, True]

    for answer in outer():
        assert answer is True
        assert not inside()
    two = zip(outer(), outer(), strict=True)
    assert list(two) == [(True, True)] * 3


@every_kind
def test_an_asynchronous_generator_that_waits_inside_does_not_lend_its_block(block, inside):
    async def numbers():
        with block():
            for k in range(3):
                await asyncio.sleep(0)
                assert inside()
                yield k

    async def main():
        async for _ in numbers():
            assert not inside()
        assert not inside()

    asyncio.run(main())


@every_kind
def test_a_decorated_coroutine_or_generator_runs_inside(block, inside):
    @block()
    async def coroutine():
        await asyncio.sleep(0)
        return inside()

    @block()
    def generator():
        yield inside()
        return "done"

    assert asyncio.run(coroutine()) is True
    assert list(generator()) == [True]
    assert asyncio.iscoroutinefunction(coroutine)
    with pytest.raises(TypeError, match="Write the `with` inside"):

        @block()
        async def both():
            yield 1


def test_derivatives_in_tasks_do_not_see_each_other():
    async def slope(x):
        found = []
        for _ in range(3):
            found.append(grad(lambda v: v**3)(x))
            await asyncio.sleep(0)
        return found

    async def main():
        return await asyncio.gather(*[slope(float(k)) for k in range(1, 4)])

    assert asyncio.run(main()) == [[3.0] * 3, [12.0] * 3, [27.0] * 3]


def test_a_recording_in_a_task_hears_nothing_of_another():
    async def compiled():
        f = jit(lambda x: x * x if x > 0 else -x)
        await asyncio.sleep(0)
        return f(3.0)

    async def reader():
        x = Value(2.0)
        with recording():
            await asyncio.sleep(0)
            y = x * x
        return y.data

    async def main():
        return await asyncio.gather(compiled(), reader(), compiled())

    assert asyncio.run(main()) == [9.0, 4.0, 9.0]


@every_kind
def test_a_block_that_is_never_left_ends_with_its_frame(block, inside):
    """As Python 3.13 may forget an `__exit__`, where a Ctrl-C arrives at a loop's last jump."""

    def forgotten():
        entered = block()
        entered.__enter__()
        assert inside()

    forgotten()
    assert not inside()


def test_nobody_is_asked_once_every_task_is_over(monkeypatch):
    told, watch = [], engine.watch
    monkeypatch.setattr(engine, "watch", lambda watcher: (told.append(watcher), watch(watcher)))

    async def main():
        with no_grad():
            task = asyncio.create_task(asyncio.sleep(0))
        await task
        assert records()

    asyncio.run(main())
    assert records()
    assert told == [modes.dispatcher, None]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_has_a_lock_of_its_own_and_forgets_other_threads():
    taken, done = threading.Event(), threading.Event()

    def other():
        with no_grad(), modes.dispatch._lock:
            taken.set()
            done.wait(30)

    thread = threading.Thread(target=other)
    thread.start()
    assert taken.wait(30)
    with detect_anomaly():
        child = os.fork()
        if child == 0:
            status = 1
            try:
                good = stops() and records() and len(modes.dispatcher.known) == 1
                with no_grad():
                    good = good and not records()
                status = 0 if good else 2
            finally:
                os._exit(status)
        done.set()
        thread.join()
        assert os.waitpid(child, 0)[1] == 0

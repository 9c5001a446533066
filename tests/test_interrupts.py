"""Who stopped the work."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from aftershock.interrupts import by_signal, interrupted, watched


def answered(handler):
    """What a KeyboardInterrupt inside is taken for, under a handler of somebody's."""
    before = signal.signal(signal.SIGINT, handler)
    try:
        with watched(), watched():
            try:
                os.kill(os.getpid(), signal.SIGINT)
            except KeyboardInterrupt as cause:
                return by_signal(cause)
    finally:
        assert signal.getsignal(signal.SIGINT) is handler
        signal.signal(signal.SIGINT, before)
    return None


def another(number, frame):
    raise KeyboardInterrupt


@pytest.mark.parametrize("handler", [signal.default_int_handler, another])
def test_a_signal_is_the_users(handler):
    assert answered(handler) is True
    assert not interrupted()


def test_what_code_raises_by_itself_is_not():
    with watched():
        assert not by_signal(KeyboardInterrupt())
        assert not by_signal(SystemExit(0))


def test_a_thread_leaves_the_handlers_alone():
    seen = []

    def work():
        with watched():
            seen.append(signal.getsignal(signal.SIGINT))

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]

"""The store under two processes, under kill -9, and with damaged files."""

from __future__ import annotations

import datetime as dt
import errno
import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import yahoo_stub
from yahoo_stub import LoopbackSession, Stub, serve

import aftershock as ash
from aftershock.errors import PriceError
from aftershock.prices.store import NotKept, Store, cache_folder
from aftershock.prices.stored import FETCHED, Stored
from aftershock.prices.yahoo import YahooSource

PATHS = [str(Path(__file__).parent), str(Path(yahoo_stub.__file__).parent)]
DAYS = ["2026-06-15", "2026-06-16", "2026-06-17", "2026-06-18"]


def delivery(closes, days=DAYS, at="2026-06-19T00:00:00", currency="HKD", since=None):
    closes = np.asarray(closes, dtype=float)
    log = pd.DataFrame(
        {
            **dict.fromkeys(("Open", "High", "Low", "Close"), closes),
            "Volume": 1e6,
            "Dividends": 0.0,
            "Stock Splits": 0.0,
            FETCHED: pd.Timestamp(at).as_unit("us"),
        },
        index=pd.DatetimeIndex(days[: len(closes)], name="Date").as_unit("us"),
    )
    instant = dt.datetime.fromisoformat(at).replace(tzinfo=dt.UTC)
    return Stored("0100.HK", currency, "Asia/Hong_Kong", since, instant, log)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def test_what_is_added_is_read_back(store):
    store.add(delivery([1.0, 2.0]))
    stored, said = store.read("0100.HK")
    assert said == ""
    assert stored.bars["Close"].tolist() == [1.0, 2.0]
    assert (stored.currency, stored.zone, stored.since) == ("HKD", "Asia/Hong_Kong", None)
    assert store.tickers() == ["0100.HK"]
    assert store.read("0700.HK") == (None, "")


def test_rows_are_added_and_never_changed(store):
    store.add(delivery([1.0, 2.0]))
    merged, found = store.add(delivery([1.0, 2.5, 3.0], at="2026-06-20T00:00:00"))
    assert merged.bars["Close"].tolist() == [1.0, 2.0, 3.0]
    assert {(str(item.session), item.field) for item in found} == {
        ("2026-06-16", name) for name in ("Open", "High", "Low", "Close")
    }
    merged, _ = store.add(delivery([1.0, 2.5, 3.0], at="2026-06-21T00:00:00"), accept=True)
    assert merged.bars["Close"].tolist() == [1.0, 2.5, 3.0]
    assert merged.log["Close"].tolist() == [1.0, 2.0, 3.0, 2.5]
    assert merged.log[FETCHED].dt.day.tolist() == [19, 19, 20, 21]


def test_a_withdrawn_bar_is_kept_until_its_withdrawal_is_accepted(store):
    store.add(delivery([1.0, 2.0, 3.0]))
    gone = delivery([1.0, 3.0], days=[DAYS[0], DAYS[2]], at="2026-06-20T00:00:00")
    merged, found = store.add(gone)
    assert [str(item) for item in found] == ["Close stored 2, now none"]
    assert len(merged.bars) == 3
    merged, _ = store.add(gone, accept=True)
    assert merged.bars["Close"].tolist() == [1.0, 3.0]
    assert len(merged.log) == 4
    assert store.read("0100.HK")[0].bars["Close"].tolist() == [1.0, 3.0]


def test_rounding_is_no_contradiction(store):
    store.add(delivery([416.6]))
    _, found = store.add(delivery([np.float64(np.float32(416.6))]))
    assert found == []
    _, found = store.add(delivery([416.61]))
    assert len(found) == 4


def test_another_currency_is_refused(store):
    store.add(delivery([1.0]))
    with pytest.raises(PriceError, match="stored in HKD, now delivered in CNY"):
        store.add(delivery([1.0, 2.0], currency="CNY"))
    assert len(store.read("0100.HK")[0].bars) == 1


@pytest.mark.parametrize("damage", ["cut", "flip", "text", "foreign", "value"])
def test_a_damaged_file_is_set_aside(store, damage):
    store.add(delivery([1.0, 2.0]))
    path = store.path("0100.HK")
    whole = path.read_bytes()
    if damage == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif damage == "flip":
        path.write_bytes(whole[:60] + bytes([whole[60] ^ 255]) + whole[61:])
    elif damage == "text":
        path.write_text("not parquet", "utf-8")
    elif damage == "foreign":
        pd.DataFrame({"Date": [1]}).to_parquet(path)
    else:
        import pyarrow.parquet as pq

        table = pq.read_table(path)
        changed = table.set_column(
            table.schema.get_field_index("Close"), "Close", [[1.0, 2.0000001]]
        )
        pq.write_table(changed, path)
    stored, said = store.read("0100.HK")
    assert stored is None
    assert "was damaged" in said
    (aside,) = store.folder.glob("*.damaged-*")
    assert aside.name in said
    assert not path.exists()
    store.add(delivery([1.0, 2.0]))
    assert store.read("0100.HK")[0].bars["Close"].tolist() == [1.0, 2.0]
    assert aside.exists()


def test_a_damaged_file_is_fetched_anew_and_the_others_are_not(tmp_path, make_bars):
    import yfinance

    yfinance.set_tz_cache_location(str(tmp_path / "zones"))
    stub = Stub()
    for ticker in ("0100.HK", "0700.HK"):
        stub.put(ticker, make_bars(DAYS, [1.0, 2.0, 3.0, 4.0]))
    with serve(stub) as port:
        source = YahooSource(LoopbackSession(port), Store(tmp_path / "store"), pause=0.01)
        ash.load_prices(["0100.HK", "0700.HK"], source=source)
        path = source.store.path("0100.HK")
        path.write_bytes(path.read_bytes()[:100])
        stub.asked.clear()
        panel = ash.load_prices(["0100.HK", "0700.HK"], source=source)
        assert panel.close[:, 0].tolist() == [1.0, 2.0, 3.0, 4.0]
        (note,) = panel.notes
        assert "0100.HK: the stored file was damaged" in note
        fresh, kept = (source.store.read(ticker)[0].log for ticker in ("0100.HK", "0700.HK"))
        assert fresh[FETCHED].min() > kept[FETCHED].max()
        assert ash.load_prices(["0100.HK"], source=source).notes == ()


def test_the_folder_is_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("AFTERSHOCK_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("AFTERSHOCK_CACHE")
    assert cache_folder().name == "aftershock"


def test_a_home_that_is_not_known_is_one_sentence(monkeypatch):
    def nobody(self):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "expanduser", nobody)
    for said in ("~nobody/cache", None):
        monkeypatch.setenv("AFTERSHOCK_CACHE", said) if said else monkeypatch.delenv(
            "AFTERSHOCK_CACHE"
        )
        with pytest.raises(PriceError, match="set AFTERSHOCK_CACHE to a folder that can be"):
            cache_folder()


@pytest.mark.parametrize("number", [errno.EACCES, errno.EMFILE, errno.EIO])
def test_a_file_that_cannot_be_read_is_not_a_damaged_one(store, monkeypatch, number):
    store.add(delivery([1.0, 2.0]))

    def refused(self, *args, **kwargs):
        raise OSError(number, os.strerror(number), str(self))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refused)
        with pytest.raises(NotKept, match=r"0100.HK.parquet cannot be read: .*; it is left as"):
            store.read("0100.HK")
    assert store.read("0100.HK")[0].bars["Close"].tolist() == [1.0, 2.0]


def test_a_machine_short_of_memory_damages_nothing(store, monkeypatch):
    store.add(delivery([1.0, 2.0]))

    def short(*args, **kwargs):
        raise pa.ArrowMemoryError("realloc of size 64 failed")

    with monkeypatch.context() as patch:
        patch.setattr("pyarrow.parquet.ParquetFile.read", short)
        with pytest.raises(MemoryError):
            store.read("0100.HK")
    assert store.read("0100.HK")[1] == ""


def test_a_store_is_readable_by_whom_the_user_allows(store):
    before = os.umask(0o022)
    try:
        store.add(delivery([1.0, 2.0]))
    finally:
        os.umask(before)
    assert store.path("0100.HK").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("gone", ["taken away", "set aside"])
def test_history_survives_a_file_that_goes_between_reading_and_adding(store, gone):
    store.add(delivery([1.0, 2.0, 3.0]))
    held, _ = store.read("0100.HK")
    path = store.path("0100.HK")
    if gone == "taken away":
        path.unlink()
    else:
        path.write_bytes(b"PAR1 and no more")
    news = delivery([3.0, 4.0], DAYS[2:], at="2026-06-20T00:00:00")  # reaches back two days only
    store.add(news, onto=held)
    assert store.read("0100.HK")[0].bars["Close"].tolist() == [1.0, 2.0, 3.0, 4.0]


def test_a_fetch_while_the_store_is_emptied_keeps_its_history(tmp_path, make_bars, monkeypatch):
    import yfinance

    yfinance.set_tz_cache_location(str(tmp_path / "zones"))
    stub, store, real = Stub(), Store(tmp_path / "store"), Store.add
    stub.put("0100.HK", make_bars(DAYS[:3], [1.0, 2.0, 3.0]))

    def emptied(self, *args, **kwargs):
        self.path("0100.HK").unlink()
        return real(self, *args, **kwargs)

    with serve(stub) as port:
        source = YahooSource(LoopbackSession(port), store, pause=0.01)
        ash.load_prices(["0100.HK"], source=source)
        stub.put("0100.HK", make_bars(DAYS, [1.0, 2.0, 3.0, 4.0]))
        monkeypatch.setattr(Store, "add", emptied)
        ash.load_prices(["0100.HK"], source=source)
    assert store.read("0100.HK")[0].bars["Close"].tolist() == [1.0, 2.0, 3.0, 4.0]


def test_a_lock_that_is_kept_is_said(store):
    from filelock import FileLock

    store.folder.mkdir()
    code = LOCKED.format(paths=PATHS, folder=str(store.folder))
    with FileLock(f"{store.path('0100.HK')}.lock"):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False
        )
    assert "another process has kept the store's lock" in done.stderr


LOCKED = """
import sys
sys.path[:0] = {paths!r}
from pathlib import Path
import aftershock.prices.store as store
from test_store import delivery
store._LOCK_SECONDS = 0.05
store.Store(Path({folder!r})).add(delivery([1.0]))
"""


FETCH = """
import sys
from pathlib import Path
sys.path.insert(0, {helpers!r})
import yfinance
yfinance.set_tz_cache_location({zones!r})
import aftershock as ash
from aftershock.prices.store import Store
from aftershock.prices.yahoo import YahooSource
from yahoo_stub import LoopbackSession
source = YahooSource(LoopbackSession({port}), Store(Path({folder!r})), pause=0.01)
print(ash.load_prices({tickers!r}, source=source).fingerprint())
"""


def test_two_processes_at_once_leave_one_consistent_store(tmp_path, make_bars):
    stub = Stub()
    rng = np.random.default_rng(5)
    days = pd.bdate_range("2026-01-05", "2026-06-30")
    tickers = [f"{number:04d}.HK" for number in range(1, 9)]
    for ticker in tickers:
        stub.put(ticker, make_bars(days, 100 * np.exp(0.01 * rng.standard_normal(len(days)))))
    folder = tmp_path / "store"
    with serve(stub) as port:
        running = [
            subprocess.Popen(
                [sys.executable, "-c", FETCH.format(
                    helpers=PATHS[1], port=port, folder=str(folder),
                    zones=str(tmp_path / f"zones{number}"),
                    tickers=tickers if number else tickers[::-1],
                )],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )
            for number in range(2)
        ]  # fmt: skip
        ended = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0, 0], ended
    store = Store(folder)
    assert store.tickers() == tickers
    for ticker in tickers:
        stored, said = store.read(ticker)
        assert said == ""
        assert len(stored.log) == len(days)  # no row twice
        np.testing.assert_array_equal(stored.bars["Close"], stub.bars[ticker][0]["Close"])
    assert not list(folder.glob(".*.tmp"))


WRITE = """
import sys
sys.path[:0] = {paths!r}
from pathlib import Path
import numpy as np, pandas as pd
from aftershock.prices.store import Store
from test_store import delivery
store = Store(Path({folder!r}))
days = list(pd.bdate_range("1990-01-01", periods=6000).strftime("%Y-%m-%d"))
print("ready", flush=True)
old, _ = store.read("0100.HK")
for size in range(len(old.log) + 1 if old else 3000, 6000):
    store.add(delivery(np.arange(1.0, size + 1), days=days))
"""


HALF = """
import os, signal, sys
sys.path[:0] = {paths!r}
from pathlib import Path
import pyarrow.parquet as pq
from aftershock.prices.store import Store
from test_store import delivery

def half(table, file, **options):
    file.write(b"PAR1 and no more")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)

pq.write_table = half
Store(Path({folder!r})).add(delivery([1.0, 2.0, 3.0]))
"""


def test_kill_9_in_the_middle_of_a_write_leaves_the_old_file(store):
    store.add(delivery([1.0, 2.0]))
    before = store.path("0100.HK").read_bytes()
    code = HALF.format(paths=PATHS, folder=str(store.folder))
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == -signal.SIGKILL
    assert store.path("0100.HK").read_bytes() == before
    assert len(list(store.folder.glob(".*.tmp"))) == 1
    store.add(delivery([1.0, 2.0, 3.0]))  # the lock died with its process
    assert store.read("0100.HK")[0].bars["Close"].tolist() == [1.0, 2.0, 3.0]
    assert not list(store.folder.glob(".*.tmp"))


def test_a_file_replaced_while_it_is_read_is_whole(store):
    versions = []
    for size in (2, 4):
        store.add(delivery(np.arange(1.0, size + 1)))
        versions.append(store.path("0100.HK").read_bytes())
    done = threading.Event()

    def replace():
        for at in itertools.cycle((0, 1)):
            if done.is_set():
                return
            beside = store.folder / "beside"
            beside.write_bytes(versions[at])
            beside.replace(store.path("0100.HK"))

    writer = threading.Thread(target=replace)
    writer.start()
    try:
        read = [store.read("0100.HK") for _ in range(300)]
    finally:
        done.set()
        writer.join()
    assert {said for _, said in read} == {""}
    assert {len(stored.bars) for stored, _ in read} <= {2, 4}


def test_a_damaged_file_mended_meanwhile_is_not_set_aside(store, monkeypatch):
    store.add(delivery([1.0, 2.0]))
    path = store.path("0100.HK")
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    locked = Store._locked

    def mended(self, ticker):  # by the process that had the lock before
        path.write_bytes(whole)
        return locked(self, ticker)

    monkeypatch.setattr(Store, "_locked", mended)
    stored, said = store.read("0100.HK")
    assert said == ""
    assert stored.bars["Close"].tolist() == [1.0, 2.0]


def test_a_write_that_fails_leaves_nothing_behind(store, monkeypatch):
    store.add(delivery([1.0, 2.0]))

    def full(table, file, **options):
        file.write(b"PAR1 and no more")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pyarrow.parquet.write_table", full)
    with pytest.raises(NotKept, match=r"cannot be stored in .*: No space left on device; set"):
        store.add(delivery([1.0, 2.0, 3.0]))
    assert not list(store.folder.glob(".*.tmp"))
    assert store.read("0100.HK")[0].bars["Close"].tolist() == [1.0, 2.0]


@contextmanager
def writing(store):
    """Run a process that writes one version after the other, and kill it."""
    code = WRITE.format(paths=PATHS, folder=str(store.folder))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        try:
            process.stdout.readline()
            yield process
        finally:
            process.kill()  # SIGKILL: nothing in the process gets a say


def size_of(store):
    stored, said = store.read("0100.HK")
    assert said == ""  # a reader finds a whole file at any time
    if stored is None:
        return 0
    closes = stored.bars["Close"].to_numpy()
    np.testing.assert_array_equal(closes, np.arange(1.0, len(closes) + 1))
    return len(closes)


def test_kill_9_leaves_the_old_file_or_the_new_one(tmp_path):
    store = Store(tmp_path / "store")
    sizes = [0]
    for pause in (0.0, 0.003, 0.007, 0.011, 0.017):  # the kill comes at any point of a write
        with writing(store) as process:
            while size_of(store) <= sizes[-1]:
                assert process.poll() is None
            time.sleep(pause)
        sizes.append(size_of(store))
    assert sizes == sorted(sizes)
    store.add(delivery([1.0, 2.0], days=["1989-12-28", "1989-12-29"]))  # clears what was left
    assert not list(store.folder.glob(".*.tmp"))

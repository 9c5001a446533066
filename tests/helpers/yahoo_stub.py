"""A loopback Yahoo: serves daily bars in Yahoo's JSON, for the real yfinance to read.

``LoopbackSession`` is a curl_cffi session that sends every request for a Yahoo host to the
stub and refuses any other address. ``Stub.break_`` makes a ticker fail, in the ways Yahoo fails.
"""

from __future__ import annotations

import datetime as dt
import json
import socket
import struct
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo

import numpy as np

from aftershock.prices.courier import Courier

HK = ZoneInfo("Asia/Hong_Kong")


class LoopbackSession(Courier):
    """Sends ``*.yahoo.com`` to the stub; anything else is an error of the test."""

    def __init__(self, port, limit=10.0):
        super().__init__(limit)
        self.port = port
        self.asked = []

    def request(self, method, url, *args, **kwargs):
        parts = urlsplit(url)
        if not (parts.hostname or "").endswith("yahoo.com"):
            raise AssertionError(f"a request left the machine: {url}")
        self.asked.append(parts.path)
        loopback = parts._replace(scheme="http", netloc=f"127.0.0.1:{self.port}").geturl()
        return super().request(method, loopback, *args, **kwargs)


class Stub:
    """What the server serves, and what it was asked for."""

    def __init__(self):
        self.bars = {}
        self.meta = {}
        self.faults = {}  # symbol to the faults of its next requests; the last one stays
        self.asked = []
        self.crumb = 200  # status of the request for a crumb

    def break_(self, ticker, *faults):
        """Fail the ticker's next requests, one fault each; None answers, the last one stays."""
        self.faults[ticker] = list(faults)

    def spans(self, ticker):
        """Return first and last instant of every request for the ticker's bars."""
        return [
            (int(query["period1"]), int(query["period2"]))
            for asked, query in self.asked
            if asked == ticker and "period1" in query
        ]

    def put(
        self,
        ticker,
        frame,
        *,
        currency="HKD",
        zone="Asia/Hong_Kong",
        dividends=None,
        splits=None,
        gains=None,
    ):
        self.bars[ticker] = (frame, dividends or {}, splits or {}, gains or {})
        self.meta[ticker] = {
            "currency": currency, "symbol": ticker, "exchangeTimezoneName": zone, "timezone": "HKT",
            "instrumentType": "ETF" if gains else "EQUITY", "exchangeName": "HKG", "gmtoffset": 28800,
            "dataGranularity": "1d", "range": "", "priceHint": 2,
            "validRanges": ["1d", "5d", "max"], "firstTradeDate": 0,
        }  # fmt: skip

    def chart(self, ticker, query):
        if ticker not in self.bars:
            return 404, NOT_FOUND
        frame, dividends, splits, gains = self.bars[ticker]
        stamps = [_stamp(day) for day in frame.index]
        first = int(query.get("period1", ["-9999999999"])[0])
        last = int(query.get("period2", ["9999999999"])[0])
        if query.get("range") == ["1d"]:
            first = stamps[-1]
        keep = [
            i
            for i, stamp in enumerate(stamps)
            if first <= stamp < last or (query.get("range") == ["1d"] and stamp == stamps[-1])
        ]
        result = {"meta": self.meta[ticker], "indicators": {"quote": [{}], "adjclose": [{}]}}
        if keep:
            part = frame.iloc[keep]
            result["timestamp"] = [stamps[i] for i in keep]
            quote = {
                name.lower(): _numbers(part[name])
                for name in ("Open", "High", "Low", "Close", "Volume")
            }
            adjusted = part["Adj Close"] if "Adj Close" in part else part["Close"]
            result["indicators"] = {
                "quote": [quote],
                "adjclose": [{"adjclose": _numbers(adjusted)}],
            }
            # as Yahoo does: those of the span that was asked for, and no other
            listed = [
                {_stamp(day): value for day, value in events.items() if first <= _stamp(day) < last}
                for events in (dividends, gains, splits)
            ]
            result["events"] = {
                "dividends": {
                    str(at): {"amount": cash, "date": at} for at, cash in listed[0].items()
                },
                "capitalGains": {
                    str(at): {"amount": cash, "date": at} for at, cash in listed[1].items()
                },
                "splits": {
                    str(at): {
                        "date": at,
                        "numerator": ratio,
                        "denominator": 1.0,
                        "splitRatio": f"{ratio}:1",
                    }
                    for at, ratio in listed[2].items()
                },
            }
        return 200, {"chart": {"result": [result], "error": None}}


NOT_FOUND = {
    "chart": {
        "result": None,
        "error": {"code": "Not Found", "description": "No data found, symbol may be delisted"},
    }
}
INTERNAL = {
    "chart": {"result": None, "error": {"code": "Internal Server Error", "description": "oops"}}
}


def not_found(handler, stub, ticker):
    handler.reply(404, json.dumps(NOT_FOUND))


def too_many(handler, stub, ticker):
    handler.reply(429, "Too Many Requests", kind="text/plain")


def server_error(handler, stub, ticker):
    handler.reply(500, "<html>Internal Server Error</html>", kind="text/html")


def server_error_json(handler, stub, ticker):
    handler.reply(500, json.dumps(INTERNAL))


def empty(handler, stub, ticker):
    handler.reply(200, "")


def no_result(handler, stub, ticker):
    handler.reply(200, json.dumps({"chart": {"result": [], "error": None}}))


def html(handler, stub, ticker):
    handler.reply(200, "<html><body>Will you accept our cookies?</body></html>", kind="text/html")


def truncated(handler, stub, ticker):
    handler.reply(200, '{"chart":{"result":[{"meta":{"currency":"HKD","exchangeTim')


def broken_off(handler, stub, ticker):
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    handler.wfile.write(b'{"chart":')


def slow(handler, stub, ticker):
    time.sleep(3.0)
    handler.close_connection = True


def reset(handler, stub, ticker):
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def no_bars(handler, stub, ticker):
    result = {"meta": stub.meta[ticker], "indicators": {"quote": [{}], "adjclose": [{}]}}
    handler.reply(200, json.dumps({"chart": {"result": [result], "error": None}}))


def _stamp(day):
    local = dt.datetime.combine(dt.date.fromisoformat(str(day)[:10]), dt.time(9, 30), tzinfo=HK)
    return int(local.timestamp())


def _numbers(column):
    return [None if np.isnan(value) else float(value) for value in column.astype(float)]


@contextmanager
def serve(stub):
    """Run the stub on a free loopback port; yields the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            parts = urlsplit(self.path)
            query = parse_qs(parts.query)
            if "/chart/" in parts.path:
                ticker = unquote(parts.path.rsplit("/", 1)[1])
                stub.asked.append((ticker, {name: values[0] for name, values in query.items()}))
                faults = stub.faults.get(ticker, [None])
                fault = faults.pop(0) if len(faults) > 1 else faults[0]
                if fault is not None:
                    fault(self, stub, ticker)
                    return
                status, body = stub.chart(ticker, query)
                self.reply(status, json.dumps(body))
            elif "getcrumb" in parts.path:
                self.reply(stub.crumb, "crumb", kind="text/plain")
            else:
                self.reply(200, "{}")

        def reply(self, status, text, kind="application/json"):
            data = text.encode() if isinstance(text, str) else text
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Set-Cookie", "A3=stub; Path=/")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_GET  # noqa: N815 - the name http.server looks for

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

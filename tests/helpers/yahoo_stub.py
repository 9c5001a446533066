"""A loopback Yahoo: serves daily bars in Yahoo's JSON, for the real yfinance to read.

``LoopbackSession`` is a curl_cffi session that sends every request for a Yahoo host to the
stub and refuses any other address.
"""

from __future__ import annotations

import datetime as dt
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo

import numpy as np
from curl_cffi import requests

HK = ZoneInfo("Asia/Hong_Kong")


class LoopbackSession(requests.Session):
    """Sends ``*.yahoo.com`` to the stub; anything else is an error of the test."""

    def __init__(self, port):
        super().__init__()
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
        self.faults = {}  # symbol to a list of faults, used up one per request for bars
        self.asked = []

    def put(
        self, ticker, frame, *, currency="HKD", zone="Asia/Hong_Kong", dividends=None, splits=None
    ):
        self.bars[ticker] = (frame, dividends or {}, splits or {})
        self.meta[ticker] = {
            "currency": currency, "symbol": ticker, "exchangeTimezoneName": zone, "timezone": "HKT",
            "instrumentType": "EQUITY", "exchangeName": "HKG", "gmtoffset": 28800,
            "dataGranularity": "1d", "range": "", "priceHint": 2,
            "validRanges": ["1d", "5d", "max"], "firstTradeDate": 0,
        }  # fmt: skip

    def chart(self, ticker, query):
        if ticker not in self.bars:
            return 404, {
                "chart": {
                    "result": None,
                    "error": {
                        "code": "Not Found",
                        "description": "No data found, symbol may be delisted",
                    },
                }
            }
        frame, dividends, splits = self.bars[ticker]
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
            result["events"] = {
                "dividends": {
                    str(_stamp(day)): {"amount": amount, "date": _stamp(day)}
                    for day, amount in dividends.items()
                },
                "splits": {
                    str(_stamp(day)): {
                        "date": _stamp(day),
                        "numerator": ratio,
                        "denominator": 1.0,
                        "splitRatio": f"{ratio}:1",
                    }
                    for day, ratio in splits.items()
                },
            }
        return 200, {"chart": {"result": [result], "error": None}}


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
                fault = stub.faults.get(ticker, [None])
                current = fault.pop(0) if len(fault) > 1 else fault[0]
                if current is not None and query.get("range") != ["1d"]:
                    current(self)
                    return
                status, body = stub.chart(ticker, query)
                self.reply(status, json.dumps(body))
            elif "getcrumb" in parts.path:
                self.reply(200, "crumb", kind="text/plain")
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
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

"""The session that yfinance sends its requests through: none of them waits longer than said."""

from __future__ import annotations

from typing import Any

from curl_cffi.requests import Response, Session


class Courier(Session[Response]):
    """A curl_cffi session with an upper limit on every request's time.

    Parameters
    ----------
    limit
        Seconds. yfinance itself asks for up to 30, several times over, for a cookie it can
        do without; that one is given half.
    """

    def __init__(self, limit: float) -> None:
        super().__init__(impersonate="chrome")
        self.limit = limit

    def request(self, method: Any, url: str, *args: Any, **options: Any) -> Response:
        """Send a request."""
        limit = self.limit if "/chart/" in url else self.limit / 2
        asked: Any = options.get("timeout")
        if not isinstance(asked, int | float) or asked > limit:
            options["timeout"] = limit
        return super().request(method, url, *args, **options)

"""Rights of a request: the token, the name under which the server is reached, and the page that a request comes from.

The token is asked for on loopback too: every user of the same machine reaches 127.0.0.1.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
_LASTS = 30 * 24 * 3600  # seconds that a browser keeps the cookie, or until the server ends: its token is a new one
_NO_TOKEN = (
    "This laboratory opens by the address that `workbench serve` printed, with its token (…/?token=…): "
    "use the whole address, of the server as it was started last.\n"
)
# nothing from elsewhere, so that the page works without the internet, and in no other page's frame
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Access:
    """Decision on each request, of a page, a file, a download or a websocket alike.

    Args:
        local: the server listens on loopback, and answers to loopback's names alone: a name of somebody else's that
            leads to 127.0.0.1 (DNS rebinding) is refused.
        host: name of the server that was asked for: that of a machine may lead to loopback as well.
        public_url: address of a reverse proxy, whose name and origin are the server's own too.
    """

    def __init__(self, token: str, *, local: bool, host: str = "", public_url: str = "") -> None:
        self._token = token.encode()
        self._local = local
        public = urlsplit(public_url)
        self._public_origin = f"{public.scheme}://{public.netloc}".lower() if public_url else ""
        self._names = {*_LOOPBACK_NAMES, *filter(None, [public.hostname, host.lower()])}
        self._secure = public.scheme == "https"
        # cookies know no ports: two servers on one machine each have their own
        self.cookie = f"workbench-{hashlib.sha256(self._token).hexdigest()[:12]}"

    def refusal(self, request: web.Request) -> str:
        """Return why a request is refused, in one sentence; empty: it is not."""
        if self._local and _host_name(request.host) not in self._names:
            return f"This server does not answer to the name {request.host!r}: use the address that it printed.\n"
        origin = request.headers.get("Origin")
        websocket = request.headers.get("Upgrade", "").lower() == "websocket"
        if (origin is not None or websocket) and not self._is_own(origin or "", request.host):
            return "Another web page asked for this: the laboratory answers its own page alone.\n"
        given = request.query.get("token")
        if given is None:
            given = request.cookies.get(self.cookie, "")
        return "" if secrets.compare_digest(given.encode(errors="replace"), self._token) else _NO_TOKEN

    def _is_own(self, origin: str, host: str) -> bool:
        """Return whether the page at an origin is this server's."""
        own = {f"http://{host}".lower(), f"https://{host}".lower(), self._public_origin} - {""}
        return origin.lower() in own

    def admit(self, request: web.Request, response: web.StreamResponse) -> None:
        """Let the browser keep the token that stood in the address, out of reach of scripts and of other sites."""
        if "token" in request.query and not response.prepared:
            value = self._token.decode()
            response.set_cookie(
                self.cookie, value, max_age=_LASTS, httponly=True, samesite="Strict", secure=self._secure
            )


def guard(access: Access) -> Callable[..., Awaitable[web.StreamResponse]]:
    """Make the middleware that every request passes."""

    @web.middleware
    async def middleware(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if refusal := access.refusal(request):
            return web.Response(status=403, text=refusal, headers=HEADERS)
        response = await handler(request)
        if not response.prepared:
            response.headers.update(HEADERS)
            response.headers["Cache-Control"] = "no-store" if "token" in request.query else "no-cache"
            access.admit(request, response)
        return response

    return middleware


def _host_name(host: str) -> str:
    """Return a Host header's name, without its port and an IPv6 address's brackets."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""

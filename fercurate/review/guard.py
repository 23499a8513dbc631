"""What stands between FiftyOne's server and everybody but the reviewer.

FiftyOne's server has no login. As it ships it hands out any file on the disk, answers to any
host name, and runs operators that a foreign page posts as plain text. `Guard` wraps its ASGI
app and lets through only what the reviewer's own page asks.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from urllib.parse import parse_qsl, quote, urlencode

from fercurate.loopback import App, Keys, Receive, Scope, Send, same, stranger, values
from fercurate.review.asgi import (
    MAX_BODY,
    READING,
    WRITING,
    Refused,
    body,
    cookies,
    refuse,
    sealed,
    whole,
)

JSON_TYPES = ("application/json", "application/json-patch+json")
EVENT_STREAM = "text/event-stream"
"""What the App calls the JSON that opens its stream of events."""

PLUGIN_FILES = (
    ".js", ".mjs", ".css", ".map", ".json", ".wasm", ".svg", ".png", ".jpg", ".jpeg", ".gif",
    ".webp", ".ico", ".woff", ".woff2", ".ttf",
)  # fmt: skip
"""What a page needs of a plugin; not its Python, nor keys that lie beside it."""

NO_TOKEN = (
    "This review is closed to you.\n\n"
    "Open the link that `fercurate review` printed in the terminal: it carries a key."
)
OLD_TOKEN = (
    "The key in this link does not fit.\n\n"
    "Each `fercurate review` makes a new one. Open the link that it printed last."
)
FOREIGN = (
    "Another page asked for this, so it was not done.\n\n"
    "Copy the link that `fercurate review` printed into the address bar."
)
WRONG_HOST = (
    "The review answers to http://127.0.0.1:{port} only.\n\n"
    "Through an ssh tunnel use the same port at both ends:\n"
    "ssh -N -L {port}:127.0.0.1:{port} USER@HOST"
)


class Guard:
    """An ASGI app that lets the reviewer's own page reach `app`, and nobody else.

    Args:
        app: FiftyOne's server.
        port: Where we listen, on 127.0.0.1.
        images: The one folder whose files `/media` may read.
        home: Where the bare link leads, "/datasets/faces?view=queue" say.
        token: The key in the link (default: a new one).
    """

    def __init__(
        self, app: App, *, port: int, images: Path, home: str = "/", token: str | None = None
    ) -> None:
        self.app = app
        self.port = port
        self.images = images.resolve()
        self.home = home
        self._keys = Keys(f"http://127.0.0.1:{port}/?token=", token)
        self.token = self._keys.token
        self._hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}
        self._cookie = f"fercurate-{port}"

    @property
    def link(self) -> str:
        """What to open in a browser."""
        return self._keys.link

    def ticket(self) -> str:
        """A link that works once and soon: other users can read a browser's command line."""
        return self._keys.ticket()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        try:
            if scope["type"] == "websocket":
                self._check_sender(scope, "GET")
                self._check_cookie(scope)
                await self.app(scope, receive, send)
                return
            await self._answer(scope, receive, sealed(send))
        except Refused as refused:
            await refuse(scope, send, refused)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"]
        if method not in (*READING, *WRITING):
            raise Refused(FOREIGN)
        self._check_sender(scope, method)
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        if any(name == "token" for name, _ in query):
            await self._let_in(scope, query, send)
            return
        self._check_cookie(scope)
        if method in WRITING:
            _check_type(scope, method)
            receive = whole(await body(receive), receive)
        await self.app(self._narrowed(scope, method, query), receive, send)

    # -- who asks ---------------------------------------------------------------------
    def _check_sender(self, scope: Scope, method: str) -> None:
        """The machine, the host name and the page that a request comes from.

        Whose program it is was looked at when it connected: `loopback.Listener`.
        """
        foreign = stranger(scope, self._hosts)
        if foreign is not None:
            raise Refused(FOREIGN if foreign == "page" else WRONG_HOST.format(port=self.port))
        typed = (
            method in READING
            and values(scope, b"sec-fetch-mode") == ["navigate"]
            and values(scope, b"sec-fetch-dest") == ["document"]
        )
        for site in values(scope, b"sec-fetch-site"):
            if site != "same-origin" and not (site == "none" and typed):
                raise Refused(FOREIGN)

    def _check_cookie(self, scope: Scope) -> None:
        found = [v for v in cookies(scope, self._cookie) if same(v, self.token)]
        if not found:
            raise Refused(NO_TOKEN)

    async def _let_in(self, scope: Scope, query: list[tuple[str, str]], send: Send) -> None:
        """Turn the key in the link into a cookie, and the address into one without it."""
        given = [value for name, value in query if name == "token"]
        if scope["method"] not in READING or len(given) != 1:
            raise Refused(OLD_TOKEN)
        if not self._keys.fits(given[0]):
            raise Refused(OLD_TOKEN)
        rest = urlencode([(name, value) for name, value in query if name != "token"])
        # "//host" would lead away
        path = "/" + quote(scope["path"].lstrip("/\\"))
        target = path + (f"?{rest}" if rest else "")
        if target == "/":
            target = self.home
        cookie = f"{self._cookie}={self.token}; Path=/; HttpOnly; SameSite=Strict"
        headers = [
            (b"location", target.encode("latin-1")),
            (b"set-cookie", cookie.encode()),
            (b"content-length", b"0"),
        ]
        await send({"type": "http.response.start", "status": 303, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    # -- what is asked for ------------------------------------------------------------
    def _narrowed(self, scope: Scope, method: str, query: list[tuple[str, str]]) -> Scope:
        """The request as FiftyOne may see it; paths only into our own folders."""
        path = scope["path"]
        if path.rstrip("/") == "/media":
            wanted = [value for name, value in query if name == "filepath"]
            if len(wanted) != 1:
                raise Refused("One image at a time.")
            real = self._image(wanted[0])
            return {**scope, "query_string": urlencode({"filepath": str(real)}).encode()}
        if path.startswith("/plugins/"):
            parts = PurePosixPath(path).parts
            if PurePosixPath(path).suffix.lower() not in PLUGIN_FILES or any(
                part.startswith(".") for part in parts
            ):
                raise Refused("Of a plugin only what its page needs is given out.")
        if path.rstrip("/") == "/graphql" and method in READING:
            raise Refused("Questions to /graphql are posted as JSON.")
        return scope

    def _image(self, wanted: str) -> Path:
        """The file itself, links resolved: what was checked is what is opened."""
        outside = Refused("Only the images of this dataset are given out.")
        try:
            path = Path(wanted)
            if not path.is_absolute() or ".." in path.parts:
                raise outside
            real = path.resolve()
        except (OSError, ValueError, RuntimeError):
            raise outside from None
        if not real.is_relative_to(self.images):
            raise outside
        return real


def _check_type(scope: Scope, method: str) -> None:
    """Pages of other sites can post forms and plain text unasked, but no JSON."""
    types = [value.split(";")[0].strip().lower() for value in values(scope, b"content-type")]
    if not types and method == "DELETE":  # never sent by a foreign page without asking us first
        return
    allowed = JSON_TYPES + ((EVENT_STREAM,) if scope["path"] == "/events" else ())
    if len(types) != 1 or types[0] not in allowed:
        raise Refused("Only JSON is taken.")
    for length in values(scope, b"content-length"):
        if not length.isdigit() or int(length) > MAX_BODY:
            raise Refused("That is too much at once.", 413)

"""Real files and a real stand-in over real HTTP, for connectors and whatever uses them."""

from __future__ import annotations

import hashlib
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import pytest
from PIL import Image

from publishing.connectors.base import Attachment
from publishing.rehearsal.server import Rehearsal, running
from publishing.rehearsal.stage import Request, Response

from .specifications import Exchange


class MemoryJournal:
    """A journal that also remembers the order of what happened."""

    def __init__(self) -> None:
        self.reference = str(uuid.uuid4())
        self.values: dict[str, str] = {}
        self.events: list[str] = []

    def get(self, key: str) -> str:
        return self.values.get(key, "")

    def keep(self, **values: str) -> None:
        self.values.update(values)
        self.events += [f"keep {key}" for key in values]

    def arm(self) -> None:
        self.events.append("arm")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *values: object) -> None:
        pass


@pytest.fixture
def journal() -> MemoryJournal:
    return MemoryJournal()


@pytest.fixture(scope="session")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    with running(tmp_path_factory.mktemp("rehearsal") / "store.sqlite3") as rehearsal:
        yield rehearsal


@pytest.fixture
def rehearsal(stand_in: Rehearsal) -> Rehearsal:
    """The five platforms, empty."""
    stand_in.callbacks.clear()
    stand_in.store.reset()
    return stand_in


@pytest.fixture
def exchanges(rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> list[Exchange]:
    """Every call that the rehearsal answers from now on, with its answer."""
    recorded: list[Exchange] = []
    answer = rehearsal.answer

    def recording(request: Request) -> Response | None:
        given = answer(request)
        if given is not None:
            recorded.append(Exchange(request, given))
        return given

    monkeypatch.setattr(rehearsal, "answer", recording)
    return recorded


@pytest.fixture(scope="session")
def media_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("media")


@pytest.fixture(scope="session")
def media_url(media_dir: Path) -> Iterator[str]:
    """Where `media_dir` is served, for platforms that fetch files themselves."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(media_dir)))
    thread = threading.Thread(target=partial(server.serve_forever, 0.05), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


Reply = Callable[[str, str, Mapping[str, str], bytes], tuple[int, dict[str, str], bytes] | None]


class Teller:
    """A server that answers what a test tells it to: `reply`, or None to hang up."""

    def __init__(self) -> None:
        self.reply: Reply = lambda *request: (404, {}, b"")
        self.seen: list[tuple[str, str, bytes]] = []
        teller = self

        class Handler(Quiet):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                teller.seen.append((self.command, self.path, body))
                told = teller.reply(self.command, self.path, self.headers, body)
                self.close_connection = True
                if told is None:
                    return
                status, headers, answer = told
                self.send_response(status)
                common = {"Content-Length": str(len(answer)), "Connection": "close"}
                for name, value in {**common, **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

            do_POST = do_PUT = do_GET  # noqa: N815 - the names http.server calls

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *values: object) -> None:
                pass  # a client that turns a 10 MB answer down closes its end

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def teller() -> Iterator[Teller]:
    told = Teller()
    thread = threading.Thread(target=partial(told.server.serve_forever, 0.02), daemon=True)
    thread.start()
    yield told
    told.server.shutdown()
    thread.join()
    told.server.server_close()


@pytest.fixture
def make_photo(media_dir: Path, media_url: str) -> Callable[..., Attachment]:
    def make(
        width: int = 640,
        height: int = 640,
        mime: str = "image/jpeg",
        alt: str = "पौधा लगाती छात्राएँ",
    ) -> Attachment:
        kind = mime.rpartition("/")[2]
        file = media_dir / f"{uuid.uuid4().hex}.{kind}"
        Image.new("RGB", (width, height), "darkgreen").save(file, kind.upper())
        return Attachment(
            file,
            mime,
            file.stat().st_size,
            width,
            height,
            hashlib.sha256(file.read_bytes()).hexdigest(),
            alt,
            url=f"{media_url}/{file.name}",
        )

    return make


@pytest.fixture
def photo(make_photo: Callable[..., Attachment]) -> Attachment:
    return make_photo()


@pytest.fixture(scope="session")
def video(media_dir: Path) -> Attachment:
    file = media_dir / "clip.mp4"
    with av.open(str(file), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for shade in range(10):
            picture = Image.new("RGB", (160, 120), (shade * 20, 90, 90))
            container.mux(stream.encode(av.VideoFrame.from_image(picture)))
        container.mux(stream.encode(None))
    body = file.read_bytes()
    return Attachment(
        file, "video/mp4", len(body), 160, 120, hashlib.sha256(body).hexdigest(), duration=1.0
    )

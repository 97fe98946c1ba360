"""Downloads arrive whole and checked, or not at all."""

from __future__ import annotations

import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from backends.errors import BadData
from trainers.data.download import fetch

CONTENT = bytes(range(256)) * 4096
MD5 = hashlib.md5(CONTENT).hexdigest()


class _Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/missing":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        body = {"/cut": CONTENT[:1000], "/changed": CONTENT[::-1]}.get(self.path, CONTENT)
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    thread = threading.Thread(target=served.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{served.server_port}"
    served.shutdown()
    served.server_close()
    thread.join()


def test_the_second_mirror_serves_when_the_first_fails(server: str, tmp_path: Path) -> None:
    told: list[float] = []
    target = tmp_path / "deep" / "file"
    fetch([f"{server}/missing", f"{server}/file"], target, MD5, lambda f, _: told.append(f), 0.5, 0.25)
    assert target.read_bytes() == CONTENT
    assert told[-1] == 0.75
    assert min(told) >= 0.5


@pytest.mark.parametrize(
    ("page", "why"), [("cut", "broke off|Incomplete"), ("changed", "checksum"), ("missing", "404")]
)
def test_a_bad_download_leaves_nothing_behind(server: str, tmp_path: Path, page: str, why: str) -> None:
    with pytest.raises(BadData, match=why):
        fetch([f"{server}/{page}"], tmp_path / "file", MD5, lambda *_: None)
    assert list(tmp_path.iterdir()) == []

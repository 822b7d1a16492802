"""A platform that takes every post, as quick as Python can be: it must not be what is measured.

    python benchmarks/stand_in.py PORT [HOLD_MS]

POST .../<account>/feed answers with an id, after HOLD_MS milliseconds; GET /count tells how many
posts there are, and how many of them are the only one of their account since the last GET /reset.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


class StandIn:
    def __init__(self, hold: float) -> None:
        self.hold, self.posts = hold, Counter[str]()
        self.number = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                answer = json.dumps(await self.answer(reader)).encode()
                writer.write(HEAD % len(answer) + answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def answer(self, reader: asyncio.StreamReader) -> dict[str, object]:
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split(b" ", 2)[1].decode()
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                await reader.readexactly(int(line[15:]))
        if path == "/count":
            single = sum(number == 1 for number in self.posts.values())
            return {"posts": self.posts.total(), "single": single}
        if path == "/reset":
            self.posts.clear()
            return {}
        if self.hold:
            await asyncio.sleep(self.hold)
        account = path.rsplit("/", 2)[1]
        self.posts[account] += 1
        self.number += 1
        return {"id": f"{account}_{self.number}"}


async def main() -> None:
    port, hold = int(sys.argv[1]), int(sys.argv[2]) / 1000 if sys.argv[2:] else 0
    server = await asyncio.start_server(StandIn(hold).serve, "127.0.0.1", port, backlog=2048)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())

"""A proxy between the functions and the local AWS, on which AWS has a bad day.

Without rates it passes everything on as it comes, signature and Host header included. `PUT /_faults` with a JSON object
sets the rates, each between 0 and 1; `GET /_faults` leaves them. Both answer with how often each fault happened that ever
had a rate.

- `slow_down`: S3 answers 503 SlowDown.
- `too_many_requests`: Lambda answers 429.
- `reset`: the connection is reset before a request is passed on, after it was done, or half-way through the answer.
- `delay`: a request is passed on late, and so overtaken by others.

Two more are of stores that know less than S3:

- `unconditional`: a write or a deletion loses its conditions.
- `not_implemented`: one with a condition is answered with 501.
"""

import asyncio
import json
import random
import re
import socket
import struct
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass

CONDITIONS = ("if-match", "if-none-match")
MAX_DELAY_S = 2.0
PIECE_BYTES = 65_536
CONTROL = "/_faults"

# By service, as the credential scope of the signature names it: the rate, and what AWS answers then.
REFUSALS = {
    "s3": ("slow_down", "503 Slow Down", "application/xml",
           "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"),
    "lambda": ("too_many_requests", "429 Too Many Requests", "application/json\r\nx-amzn-errortype: TooManyRequestsException",
               '{"Reason": "ConcurrentInvocationLimitExceeded", "Type": "User", "message": "Rate Exceeded."}'),
}
NOT_IMPLEMENTED = ("501 Not Implemented", "application/xml",
                   "<Error><Code>NotImplemented</Code><Message>A header implies functionality that is not implemented</Message></Error>")


@dataclass
class Head:
    """A request or an answer up to its body, as it stood on the wire."""

    raw: bytes

    @property
    def words(self) -> list[str]:
        """Method, path and version; or version, status and reason."""
        return self.raw.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)

    def header(self, name: str) -> str:
        found = re.search(rb"(?im)^" + name.encode() + rb":[ \t]*(.*?)[ \t]*\r$", self.raw)
        return found[1].decode("latin-1") if found else ""

    @property
    def is_conditional_write(self) -> bool:
        return self.words[0] in ("PUT", "DELETE") and any(self.header(name) for name in CONDITIONS)

    def unconditional(self) -> "Head":
        """The same without its conditions, which must not be signed."""
        return Head(re.sub(rb"(?im)^(?:" + "|".join(CONDITIONS).encode() + rb"):.*\r\n", b"", self.raw))

    @property
    def service(self) -> str:
        """Of the credential scope: KEY/DATE/REGION/SERVICE/aws4_request."""
        found = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/aws4_request", self.header("authorization"))
        return found[1] if found else ""


class Proxy:
    """Listens on a free port of loopback as soon as it is made, on a thread that ends with the process."""

    def __init__(self, upstream_port: int):
        self.upstream_port = upstream_port
        self.rates: dict[str, float] = {}
        self.counts: dict[str, int] = {}
        self.random = random.Random(0)
        # asyncio keeps only weak references.
        self.tasks: set[asyncio.Task] = set()
        listening = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{listening.getsockname()[1]}"
        threading.Thread(target=lambda: asyncio.run(self._listen(listening)), daemon=True).start()

    async def _listen(self, listening: socket.socket) -> None:
        server = await asyncio.start_server(self._serve, sock=listening)
        await server.serve_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, request after request."""
        self.tasks.add(task := asyncio.current_task())
        try:
            while (request := await read_head(reader)) and await self._answer(request, reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError):
            pass  # Either side went away, as a worker does that has read enough of an image.
        finally:
            self.tasks.discard(task)
            writer.close()

    async def _answer(self, request: Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection can serve another request."""
        method, path, _ = request.words
        if path == CONTROL:
            body = b"".join([piece async for piece in body_of(request, reader)])
            if method == "PUT":
                self.rates = json.loads(body)
                self.counts = dict.fromkeys(self.rates, 0) | self.counts
            return await say(writer, "200 OK", "application/json", json.dumps(self.counts))
        if self._strikes("delay"):
            await asyncio.sleep(self.random.uniform(0, MAX_DELAY_S))
        rate, *refusal = REFUSALS.get(request.service, ("", ""))
        is_refused = self._strikes(rate)
        if request.is_conditional_write and not is_refused:
            if self._strikes("unconditional"):
                request = request.unconditional()
            is_refused = self._strikes("not_implemented")
            refusal = NOT_IMPLEMENTED
        if is_refused:
            if not request.header("expect"):  # A client that asks first sends no body after a refusal.
                async for _ in body_of(request, reader):
                    pass
            status, content_type, text = refusal
            return await say(writer, status, content_type, "" if method == "HEAD" else text)
        reset_at = self.random.choice(["before", "after", "within"]) if self._strikes("reset") else ""
        if reset_at == "before":
            reset(writer)
            return False
        return await self._pass_on(request, reader, writer, reset_at)

    def _strikes(self, name: str) -> bool:
        is_hit = self.random.random() < self.rates.get(name, 0)
        if is_hit:
            self.counts[name] += 1
        return is_hit

    async def _pass_on(self, request: Head, reader, writer, reset_at: str) -> bool:
        """A connection of its own for each request, so that none is found closed by the other side."""
        upstream, sender = await asyncio.open_connection("127.0.0.1", self.upstream_port)
        sender.write(request.raw)
        sending = asyncio.create_task(copy(body_of(request, reader), sender))
        # Who does not send all of a request gets no answer to it.
        sending.add_done_callback(lambda task: not task.cancelled() and task.exception() and sender.transport.abort())
        try:
            while (answer := await read_head(upstream)) and answer.words[1].startswith("1"):
                writer.write(answer.raw)  # 100 Continue: the client sends its body now.
            if answer is None:
                return False
            size_bytes = 0 if request.words[0] == "HEAD" else None
            if reset_at == "within":
                writer.write(answer.raw)
                size_bytes = int(answer.header("content-length") or 0) // 2 if size_bytes is None else 0
                await copy(exactly(upstream, size_bytes), writer)
            elif reset_at == "after":
                async for _ in body_of(answer, upstream, size_bytes):
                    pass
            else:
                writer.write(answer.raw)
                await copy(body_of(answer, upstream, size_bytes), writer)
                # A refusal may come before the whole body was sent: what follows then is no request.
                await asyncio.wait({sending}, timeout=1)
                return sending.done() and not is_until_closed(answer)
            reset(writer)
            return False
        finally:
            sending.cancel()
            sender.close()


async def read_head(reader: asyncio.StreamReader) -> Head | None:
    """`None` where the connection ends between two messages."""
    try:
        return Head(await reader.readuntil(b"\r\n\r\n"))
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return None


def is_until_closed(answer: Head) -> bool:
    """Whether only the connection's end ends its body."""
    is_bare = answer.words[1] in ("204", "304")
    return not (is_bare or answer.header("content-length") or answer.header("transfer-encoding"))


async def body_of(head: Head, reader: asyncio.StreamReader, size_bytes: int | None = None) -> AsyncIterator[bytes]:
    """The body as it stands on the wire, marks of chunks included; `size_bytes` outranks what the head says."""
    if size_bytes is not None:
        pieces = exactly(reader, size_bytes)
    elif "chunked" in head.header("transfer-encoding").lower():
        pieces = chunks(reader)
    elif head.raw.startswith(b"HTTP/") and is_until_closed(head):
        pieces = exactly(reader, None)
    else:
        pieces = exactly(reader, int(head.header("content-length") or 0))
    async for piece in pieces:
        yield piece


async def chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Source: RFC 9112, section 7.1."""
    size_bytes = -1
    while size_bytes:
        line = await reader.readline()
        yield line
        size_bytes = int(line.split(b";")[0], 16)
        async for piece in exactly(reader, size_bytes + 2 if size_bytes else 0):
            yield piece
    while line.strip():
        line = await reader.readline()  # Trailers, and the empty line behind them.
        yield line


async def exactly(reader: asyncio.StreamReader, size_bytes: int | None) -> AsyncIterator[bytes]:
    """So many bytes; `None` is until the end."""
    while size_bytes != 0:
        piece = await reader.read(min(size_bytes or PIECE_BYTES, PIECE_BYTES))
        if not piece and size_bytes:
            raise asyncio.IncompleteReadError(b"", size_bytes)
        if not piece:
            return
        yield piece
        if size_bytes is not None:
            size_bytes -= len(piece)


async def copy(pieces: AsyncIterator[bytes], writer) -> None:
    async for piece in pieces:
        writer.write(piece)
        await writer.drain()


async def say(writer: asyncio.StreamWriter, status: str, content_type: str, text: str) -> bool:
    """An answer of our own, after which the connection ends."""
    body = text.encode()
    writer.write(f"HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {len(body)}\r\n"
                 "connection: close\r\n\r\n".encode() + body)
    await writer.drain()
    return False


def reset(writer: asyncio.StreamWriter) -> None:
    """Ends the connection by a reset: without it the other side would read an orderly end."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()

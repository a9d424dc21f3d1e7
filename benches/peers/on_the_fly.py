"""imgproxy's way of working, with libvips: a thumbnail is made when somebody asks for it, and kept nowhere.

python3 benches/peers/on_the_fly.py PORT    serves GET /?url=…: the file behind the URL, whole, as a JPEG of 128 pixels

As imgproxy has it by default: two workers for each core, one thread in each operation of libvips, no cache, and the whole
file in memory before it is decoded. It stands for imgproxy, which no registry has: libvips does the work in both, and what
is around it here is Python.
"""

import os
import sys
import threading
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

os.environ["VIPS_CONCURRENCY"] = "1"
import pyvips  # noqa: E402

pyvips.cache_set_max(0)
SIDE_PX = 128
places = threading.Semaphore(2 * len(os.sched_getaffinity(0)))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        with places:
            with urllib.request.urlopen(query["url"][0]) as answer:
                file = answer.read()
            image = pyvips.Image.thumbnail_buffer(file, SIDE_PX, height=SIDE_PX, size="down")
            thumbnail = image.jpegsave_buffer(Q=80, keep="none")
        self.send_response(200)
        self.send_header("Content-Type", "image/jpeg")
        self.send_header("Content-Length", str(len(thumbnail)))
        self.end_headers()
        self.wfile.write(thumbnail)

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()

"""`make weights`: what each format weighs in the worker's program, by its symbols; and what the rest does.

A function that several formats share counts for what it is in, such as the shrinker, not for them. Data without a symbol,
and what linking adds, is `the rest`. The features that leave a format out are `worker/av1`,
`worker/hevc`, `worker/jpeg2000`, `worker/jxl`, `worker/pdf` and `worker/svg`.
"""

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

from local import lambda_zips
from local.package import ROOT, PackageError, run

# By what a symbol's path begins with: the first that fits counts.
OWNERS = [
    (r"engine::formats::(\w+)", None),
    (r"jxl|jxl_\w+", "jxl"), (r"hayro_jpeg2000", "jp2"),
    (r"resvg|usvg|tiny_skia\w*|roxmltree|svgtypes|simplecss|data_url|strict_num|imagesize", "svg"),
    (r"hayro\w*|vello_\w+|pic_scale|glifo|skrifa|read_fonts|font_types|peniko|color|ab_glyph_rasterizer|guillotiere", "pdf"),
    (r"kurbo|polycool|vector", "svg and pdf"),
    (r"rusty_av1d", "avif"), (r"hevc", "heic"), (r"heif|engine::tiled", "heic and avif"),
    (r"rust_h264", "mp4"), (r"rusty_vp9", "webm"), (r"engine::videos", "mp4 and webm"),
    (r"exr|half|zune_inflate|engine::lab", "exr"), (r"png|fdeflate|crc32fast|simd_adler32", "png"),
    (r"jpeg|zune_jpeg|zune_core", "jpeg"), (r"webpx|libwebp_sys", "webp"), (r"fax|weezl|tiff", "tiff"), (r"gif", "gif"),
    (r"image::codecs::(\w+)", None), (r"image|image_webp|color_quant|byteorder_lite", "image, shared"),
    (r"moxcms|pxfm", "colour profiles"), (r"engine|resample|contract|coding|brotli", "engine, shared"),
    (r"miniz_oxide|flate2|zlib_rs", "inflate"),
    (r"aws_|http|hyper|h2|tokio|rustls|ring|webpki|lambda_|tower|tracing|url|idna|icu_|serde|function|sdk|worker|mio", "AWS and Lambda"),
    (r"core|alloc|std|hashbrown|memchr|addr2line|gimli|object|rustc_demangle", "standard library"),
]
# libwebp's functions are C.
WEBP = re.compile(r"^(Web[PR]|VP8|Sharp|kWeb|kVP8|Cost|Dist|Quantize|Histogram|Huffman)")


def main() -> int:
    try:
        architecture = lambda_zips.choose(os.environ.get("ARCHITECTURE", ""), "")
        # The same program, with its symbols: one more linking. `cargo rustc` takes one program and its features.
        features = [re.sub(r"\b(?!worker/)\w+/\w+,?", "", flag).rstrip(",") for flag in lambda_zips.features()]
        flags = [f"--profile={lambda_zips.PROFILE}", "--locked", "--package=worker", "--bin=worker", *features,
                 "--", "-Clink-arg=-g", "-Cstrip=none"]
        lambda_zips.zigbuild(architecture, ".".join(map(str, lambda_zips.GLIBC)), flags, command="rustc")
    except PackageError as error:
        print(f"weights: {error}", file=sys.stderr)
        return 1
    binary = ROOT / "target" / architecture.target / lambda_zips.PROFILE / "worker"
    sizes = weigh(binary)
    for owner, size in sizes.most_common():
        print(f"{size:>10,}  {owner}")
    print(f"{binary.stat().st_size:>10,}  with its symbols")
    return 0


def weigh(binary: Path) -> Counter:
    """Bytes of each owner."""
    listed = subprocess.run(["nm", "--print-size", "--demangle", binary], capture_output=True, text=True, check=True).stdout
    sizes: Counter = Counter()
    for line in listed.splitlines():
        parts = line.split(None, 3)
        if len(parts) == 4 and parts[2] not in "bBuU":
            sizes[owner(parts[3])] += int(parts[1], 16)
    return sizes


def owner(symbol: str) -> str:
    """`<png::decoder::Decoder<R> as …>::read` is png's."""
    path = re.sub(r"^[<&\[(]*(?:mut |dyn |impl )*", "", symbol)
    for pattern, name in OWNERS:
        found = re.match(pattern, path)
        if found:
            return name or found[1]
    return "webp" if WEBP.match(symbol) else "the rest"


if __name__ == "__main__":
    sys.exit(main())

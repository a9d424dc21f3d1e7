// The files that the tests upload: one per tier, drawn as those of `make local`, and some that are no images.

import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { ROOT, SCREENSHOTS } from "./browser.mjs";

/** Paths of small.avif, medium.avif and large.avif; SAMPLES is a folder that has them already. */
export function samples() {
  const folder = process.env.SAMPLES ?? `${SCREENSHOTS}/samples`;
  if (!process.env.SAMPLES) {
    const make = "import pathlib, sys; from local import samples; samples.one_per_tier(pathlib.Path(sys.argv[1]))";
    execFileSync(`${ROOT}.venv/bin/python`, ["-c", make, folder], { cwd: ROOT, env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" } });
  }
  return ["small", "medium", "large"].map((tier) => `${folder}/${tier}.avif`);
}

/** Writes a file, folders included, and returns its path. */
export function file(name, content) {
  const path = `${SCREENSHOTS}/files/${name}`;
  mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  writeFileSync(path, content);
  return path;
}

/** A picture of 2 by 2 pixels, uncompressed: every test has its own colour, and with it its own ETag. Source: BITMAPINFOHEADER. */
export function bitmap(red, green, blue) {
  const row = [blue, green, red, blue, green, red, 0, 0];
  const bytes = Buffer.alloc(54 + 2 * row.length);
  bytes.write("BM");
  for (const [offset, value] of [[2, bytes.length], [10, 54], [14, 40], [18, 2], [22, 2]]) bytes.writeUInt32LE(value, offset);
  bytes.writeUInt16LE(1, 26);
  bytes.writeUInt16LE(24, 28);
  bytes.set([...row, ...row], 54);
  return bytes;
}

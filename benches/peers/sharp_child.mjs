// sharp as a peer: one JSON job a line on standard input, one answer a line on standard output.
//
// At its best documented settings: it shrinks while it loads, reads sequentially, remembers nothing and uses one
// thread. Of several sizes the smaller ones are made from the larger one's pixels.
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import sharp from "sharp";

if (process.argv[2] === "--version") {
  console.log(`sharp ${sharp.versions.sharp} (libvips ${sharp.versions.vips})`);
  process.exit();
}

// Each job is done, not remembered, on one core.
sharp.cache(false);
sharp.concurrency(1);

const peakBytes = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]) * 1024;

const encoded = (image, format) => (format === "jpeg" ? image.jpeg({ quality: 80 }) : image.png()).toBuffer();

/** One file for each of `sides`, which fall. */
const thumbnails = async ({ file, format, sides }) => {
  const files = [];
  let image = sharp(file, { sequentialRead: true }).autoOrient();
  for (const side of sides) {
    image = image.resize({ width: side, height: side, fit: "inside", withoutEnlargement: true });
    if (side !== sides.at(-1)) {
      const { data, info: { width, height, channels } } = await image.raw().toBuffer({ resolveWithObject: true });
      image = sharp(data, { raw: { width, height, channels } });
    }
    // A clone, because the format of the output stays with an image.
    files.push(await encoded(image.clone(), format));
  }
  return files;
};

for await (const line of createInterface({ input: process.stdin })) {
  const job = JSON.parse(line);
  let answer;
  try {
    const before = process.cpuUsage();
    const files = await thumbnails(job);
    const { user, system } = process.cpuUsage(before);
    const bytesWritten = files.reduce((sum, file) => sum + file.length, 0);
    answer = { cpu_ms: (user + system) / 1e3, peak_bytes: peakBytes(), bytes_written: bytesWritten };
    (job.outs ?? []).forEach((out, index) => writeFileSync(out, files[index]));
  } catch (error) {
    answer = { error: String(error) };
  }
  console.log(JSON.stringify(answer));
}

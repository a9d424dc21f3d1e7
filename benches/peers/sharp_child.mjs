// sharp as a peer: one JSON job a line on standard input, one answer a line on standard output.
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

for await (const line of createInterface({ input: process.stdin })) {
  const job = JSON.parse(line);
  let answer;
  try {
    const before = process.cpuUsage();
    const pipeline = sharp(job.file)
      .autoOrient()
      .resize({ width: 128, height: 128, fit: "inside", withoutEnlargement: true });
    const file = await (job.format === "jpeg" ? pipeline.jpeg({ quality: 80 }) : pipeline.png()).toBuffer();
    const { user, system } = process.cpuUsage(before);
    answer = { cpu_ms: (user + system) / 1e3, peak_bytes: peakBytes() };
    if (job.out) writeFileSync(job.out, file);
  } catch (error) {
    answer = { error: String(error) };
  }
  console.log(JSON.stringify(answer));
}

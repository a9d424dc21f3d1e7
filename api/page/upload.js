// One file's way: queued, uploaded straight to S3, watched until it is made or refused. Knows no page: whoever shows
// an upload reads its fields when it says that they changed.

import { Problem, putFile } from "./api.js";
import { contentType, keyFor } from "./files.js";

/** More at once make none of them faster, and each takes a connection. */
export const UPLOADS_AT_ONCE = 3;

const FIRST_PAUSE_MS = 300;
const LONGEST_PAUSE_MS = 3000;
const GIVE_UP_AFTER_MINUTES = 5;
// The log line that prices a job may be a little later than its thumbnail.
const FIGURES_WITHIN_MS = 10_000;
const TRIES = 4;

/**
 * `state` is one of queued, starting, uploading, in_work, made, failed, cancelled.
 * `waitsForToken` can be true in any of them that asks the API.
 * `problem` (name and sentence) is there once it failed; `status` is the API's last answer; `thumbnail` is
 * `{ blob, variant }` once it is made.
 */
export class Upload {
  state = "queued";
  waitsForToken = false;
  sentBytes = 0;
  problem = null;
  status = null;
  thumbnail = null;

  #context;
  #abort = null;
  // The path of its status and its ETag, once S3 has it: a retry then only asks again.
  #stored = null;

  /**
   * @param {{ api: object, gate: Gate, prefixes: string[],
   *   changed: (upload: Upload) => void, ended: (status: object) => void }} context
   *   `ended` is told once what the API says of a job that is made or refused
   */
  constructor(file, context) {
    this.file = file;
    this.#context = context;
  }

  get isOver() {
    return ["made", "failed", "cancelled"].includes(this.state);
  }

  get canCancel() {
    return ["queued", "starting", "uploading"].includes(this.state);
  }

  /** A refusal by name would be the same again. */
  get canRetry() {
    return this.state === "cancelled" || (this.state === "failed" && this.problem.isTransient);
  }

  async run() {
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    try {
      if (!this.#stored) {
        this.#become("queued", { problem: null, sentBytes: 0 });
        await this.#context.gate.through(signal, () => this.#store(signal));
      }
      this.#become("in_work", { problem: null });
      await this.#watch(signal);
    } catch (error) {
      const problem = error instanceof Problem ? error : new Problem("page_error", String(error));
      this.#become(signal.aborted ? "cancelled" : "failed", { problem, waitsForToken: false });
    }
  }

  cancel() {
    if (this.canCancel) this.#abort.abort(new Problem("cancelled", "cancelled before it was uploaded"));
  }

  async #store(signal) {
    this.#become("starting");
    const { file } = this;
    const { api, prefixes } = this.#context;
    const wanted = { key: keyFor(file.name, prefixes), content_type: contentType(file), bytes: file.size };
    const { upload, status } = await patiently(signal, () => api.startUpload(wanted, this.#options(signal)));
    this.#become("uploading");
    const progressed = (sentBytes) => this.#become("uploading", { sentBytes });
    this.#stored = { path: status, etag: await putFile(upload, file, { signal, progressed }) };
  }

  async #watch(signal) {
    const { api } = this.#context;
    const { path, etag } = this.#stored;
    const giveUpAt = performance.now() + GIVE_UP_AFTER_MINUTES * 60_000;
    for (let pauseMs = FIRST_PAUSE_MS; performance.now() < giveUpAt; pauseMs = Math.min(pauseMs * 1.4, LONGEST_PAUSE_MS)) {
      await pause(pauseMs, signal);
      const status = await patiently(signal, () => api.status(path, etag, this.#options(signal)));
      if (status.state === "in_work") continue;
      this.status = status;
      if (status.state !== "made") {
        this.#context.ended(status);
        throw new Problem(status.outcome ?? status.state, sentenceOf(status));
      }
      if (await this.#fetchThumbnail(signal)) return this.#awaitFigures(signal);
    }
    throw new Problem("no_answer", `no thumbnail after ${GIVE_UP_AFTER_MINUTES} minutes: retry asks again`, { isTransient: true });
  }

  /** False while the thumbnail is still in work. */
  async #fetchThumbnail(signal) {
    const [first] = this.status.thumbnails ?? [];
    if (!first) return true;
    const blob = await patiently(signal, () => this.#context.api.thumbnail(first.url, this.#options(signal)));
    if (blob) this.thumbnail = { blob, variant: first.variant };
    return blob !== null;
  }

  async #awaitFigures(signal) {
    this.#become("made");
    const until = performance.now() + FIGURES_WITHIN_MS;
    const { path, etag } = this.#stored;
    while (this.status.estimated_dollars === undefined && performance.now() < until) {
      await pause(1000, signal);
      // The thumbnail is there: without figures it is made all the same.
      this.status = await this.#context.api.status(path, etag, this.#options(signal)).catch(() => this.status);
    }
    this.#context.ended(this.status);
    this.#become("made");
  }

  #options(signal) {
    return { signal, waits: (waitsForToken) => waitsForToken !== this.waitsForToken && this.#become(this.state, { waitsForToken }) };
  }

  #become(state, fields = {}) {
    Object.assign(this, fields, { state });
    this.#context.changed(this);
  }
}

/** Lets a number of people through at a time; the others queue in the order they came. */
export class Gate {
  #free;
  #queue = [];

  constructor(places) {
    this.#free = places;
  }

  async through(signal, act) {
    await this.#enter(signal);
    try {
      return await act();
    } finally {
      const next = this.#queue.shift();
      if (next) next();
      else this.#free += 1;
    }
  }

  #enter(signal) {
    if (this.#free > 0) {
      this.#free -= 1;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      this.#queue.push(resolve);
      const leave = () => {
        this.#queue = this.#queue.filter((other) => other !== resolve);
        reject(signal.reason);
      };
      signal.addEventListener("abort", leave, { once: true });
    });
  }
}

/** Tries again what may go well later: after 0.5, 1 and 2 s, or when the API says. */
async function patiently(signal, act) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await act();
    } catch (problem) {
      if (signal.aborted || !problem.isTransient || tries === TRIES) throw problem;
      await pause(Math.max(problem.retryAfterMs, 250 * 2 ** tries), signal);
    }
  }
}

function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const leave = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", leave);
      resolve();
    }, ms);
    signal.addEventListener("abort", leave, { once: true });
  });
}

function sentenceOf({ state, message }) {
  if (message) return message;
  return state === "deleted" ? "the image was deleted before its thumbnail was made" : "no thumbnail can be made of it";
}

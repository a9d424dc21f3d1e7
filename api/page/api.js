// Requests to thumbtier's API and to S3. Knows tokens, problem documents (RFC 9457) and what S3 answers;
// knows nothing of the page. Every failure that leaves here has a name and a sentence.

/** What went wrong: `name` as the API has it, a sentence, and whether the same request may go well later. */
export class Problem extends Error {
  constructor(name, sentence, { isTransient = false, retryAfterMs = 0 } = {}) {
    super(sentence);
    this.name = name;
    this.isTransient = isTransient;
    this.retryAfterMs = retryAfterMs;
  }
}

export class Api {
  #token;

  constructor(token) {
    this.#token = token;
  }

  async settings() {
    return (await send("/settings", {})).json();
  }

  /** Asks for a URL that takes exactly these bytes under this key. */
  async startUpload(upload, options) {
    const body = JSON.stringify(upload);
    return (await this.#send("/uploads", { ...options, method: "POST", body, headers: { "content-type": "application/json" } })).json();
  }

  /** What became of the upload with this ETag. */
  async status(path, etag, options) {
    return (await this.#send(etag ? `${path}?etag=${encodeURIComponent(etag)}` : path, options)).json();
  }

  /** A thumbnail's bytes; null while it is in work. */
  async thumbnail(url, options) {
    const answer = await this.#send(url, options);
    return answer.status === 202 ? null : answer.blob();
  }

  /** What the API has against a token, in a sentence, or null: asks for the status of a key that nobody has. */
  async objectionTo(token, prefix) {
    const answer = await fetchFrom(`/status/${encodeURI(prefix)}token-check`, {}, token);
    return answer.status === 401 || answer.status === 403 ? (await problemOf(answer)).message : null;
  }

  // A refused token is no failure of the request: it waits for the next token. `waits` is told.
  async #send(path, { waits, ...options }) {
    for (;;) {
      if (!this.#token.isThere) waits?.(true);
      const token = await this.#token.get(options.signal);
      waits?.(false);
      try {
        return await send(path, options, token);
      } catch (problem) {
        if (problem.name !== "unauthorised") throw problem;
        this.#token.refuse(token, problem.message);
      }
    }
  }
}

async function send(path, options, token) {
  const answer = await fetchFrom(path, options, token);
  if (!answer.ok) throw await problemOf(answer);
  return answer;
}

async function fetchFrom(path, options, token) {
  const headers = { ...options.headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
  try {
    return await fetch(path, { ...options, headers, cache: "no-store", credentials: "omit" });
  } catch (error) {
    if (options.signal?.aborted) throw options.signal.reason;
    throw new Problem("no_connection", "the API does not answer: look at your network, then retry", { isTransient: true });
  }
}

async function problemOf(answer) {
  const { status } = answer;
  // The gateway's own answers (throttled, JWT refused) have a message and no name.
  const body = await answer.json().catch(() => ({}));
  const name = status === 401 ? "unauthorised" : body.name ?? { 403: "forbidden", 429: "throttled", 503: "unavailable" }[status] ?? `http_${status}`;
  const sentence = body.detail ?? (status === 401 ? "the API refused this token: paste a valid one" : body.message ?? `the API answered ${status}`);
  return new Problem(name, sentence, {
    isTransient: status === 429 || status >= 500,
    retryAfterMs: 1000 * (Number(answer.headers.get("retry-after")) || 0),
  });
}

/**
 * Sends a file to the URL that the API gave, straight to S3. `fetch` tells nothing of an upload's progress.
 *
 * @param {(sentBytes: number) => void} progressed
 * @returns {Promise<string|null>} the ETag of what S3 stored
 */
export function putFile(target, file, { signal, progressed }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(target.method, target.url);
    for (const [name, value] of Object.entries(target.headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => progressed(Math.min(event.loaded, file.size));
    request.onload = () => (request.status < 300 ? resolve(request.getResponseHeader("etag")) : reject(refusalOf(request)));
    request.onerror = () => reject(new Problem("no_connection", "the upload to S3 broke off: look at your network, then retry", { isTransient: true }));
    request.onabort = () => reject(signal.reason);
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(file);
  });
}

function refusalOf(request) {
  const part = (name) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(request.responseText)?.[1];
  const sentence = part("Message") ?? `S3 answered ${request.status}`;
  // A retry asks for a new URL, so one that is too old counts as transient as well.
  return new Problem(part("Code") ?? `s3_${request.status}`, `S3: ${sentence}`, { isTransient: true });
}

// The bearer token: kept for this tab only, asked for when there is none or the API refuses it, never in a URL.
// It does not check tokens; whoever asks the API says how it went (`refuse`).

const KEPT_AS = "thumbtier-token";

/** The token and everybody who waits for it. `changed` is called whenever there is, or is no longer, a token. */
export class Token {
  #value = null;
  #waiting = [];
  #changed;

  constructor(changed) {
    this.#changed = changed;
    this.#value = stored.read();
  }

  get isThere() {
    return this.#value !== null;
  }

  /** The token, as soon as there is one; rejects when `signal` aborts. */
  get(signal) {
    if (this.#value !== null) return Promise.resolve(this.#value);
    return new Promise((resolve, reject) => {
      this.#waiting.push(resolve);
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  }

  give(value) {
    this.#value = value;
    stored.write(value);
    this.#waiting.splice(0).forEach((resolve) => resolve(value));
    this.#changed();
  }

  /** The API did not take `value`; `reason` is its sentence. Late news of an earlier token changes nothing. */
  refuse(value, reason) {
    if (value !== this.#value) return;
    this.#value = null;
    stored.write(null);
    this.#changed(reason);
  }

  forget() {
    this.#value = null;
    stored.write(null);
    this.#changed();
  }

  /** Takes the token out of a link that ends with #token=…, and out of the address bar and the history with it. */
  takeFromAddress() {
    const given = new URLSearchParams(location.hash.slice(1).replaceAll("+", "%2B")).get("token");
    if (given === null) return;
    history.replaceState(null, "", location.pathname + location.search);
    if (given.trim()) this.give(given.trim());
  }
}

// A browser may forbid storage; the token then lives as long as the page.
const stored = {
  read() {
    try {
      return sessionStorage.getItem(KEPT_AS);
    } catch {
      return null;
    }
  },
  write(value) {
    try {
      if (value === null) sessionStorage.removeItem(KEPT_AS);
      else sessionStorage.setItem(KEPT_AS, value);
    } catch {
      // As above.
    }
  },
};

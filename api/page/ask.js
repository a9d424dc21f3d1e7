// The small form that asks for the token, and the button that forgets it. Keeps nothing itself: see token.js.

import { write } from "./format.js";

export class TokenForm {
  #form = document.getElementById("token-form");
  #value = document.getElementById("token-value");
  #error = document.getElementById("token-error");
  #use = document.getElementById("token-use");
  #reveal = document.getElementById("token-reveal");
  #kept = document.getElementById("token-kept");
  #token;

  /** @param {(value: string) => Promise<string|null>} check says what the API has against a token */
  constructor(token, check) {
    this.#token = token;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit(check);
    });
    this.#reveal.addEventListener("click", () => this.#show(this.#value.type === "password"));
    document.getElementById("token-forget").addEventListener("click", () => {
      token.forget();
      this.#value.focus();
    });
  }

  /** Asks if there is no token; `reason` is the API's sentence about the one that it refused. */
  draw(reason = "") {
    const { isThere } = this.#token;
    const hadFocus = this.#form.contains(document.activeElement);
    this.#form.hidden = isThere;
    this.#kept.hidden = !isThere;
    this.#say(reason);
    if (isThere) {
      this.#value.value = "";
      this.#show(false);
      if (hadFocus) document.getElementById("choose").focus();
    }
  }

  /** @param {"token"|"jwt"} auth of /settings */
  explain(auth) {
    document.querySelector(`[data-auth="${auth}"]`).hidden = false;
  }

  async #submit(check) {
    const value = this.#value.value.trim().replace(/^Bearer\s+/i, "");
    if (!value) return this.#refuse("paste the token first");
    this.#use.disabled = true;
    this.#use.textContent = "Checking …";
    const reason = await check(value);
    this.#use.disabled = false;
    this.#use.textContent = "Use token";
    if (reason === null) return this.#token.give(value);
    return this.#refuse(reason);
  }

  #refuse(reason) {
    this.#say(reason);
    this.#value.focus();
    this.#value.select();
  }

  #say(reason) {
    write(reason, this.#error);
    this.#value.setAttribute("aria-invalid", String(reason !== ""));
  }

  #show(isShown) {
    this.#value.type = isShown ? "text" : "password";
    this.#reveal.textContent = isShown ? "Hide" : "Show";
  }
}

// One upload as a row of the list: draws what `Upload` says and hands its buttons on. Decides nothing.

import { bytes, dimensions, dollarsPerMillion, milliseconds, write } from "./format.js";

const WORDS = { queued: "queued", starting: "starting", in_work: "in work", cancelled: "cancelled" };

export class Row {
  #parts = {};
  #tiers;
  #url = null;
  #dimensions = [];

  /** @param {HTMLTemplateElement} template whose elements with data-part are drawn */
  constructor(template, upload, tiers) {
    this.upload = upload;
    this.#tiers = tiers;
    this.element = template.content.cloneNode(true).firstElementChild;
    for (const part of this.element.querySelectorAll("[data-part]")) this.#parts[part.dataset.part] = part;
    const { name, cancel, retry, save, progress } = this.#parts;
    name.textContent = upload.file.name;
    cancel.addEventListener("click", () => upload.cancel());
    retry.addEventListener("click", () => upload.run());
    // The visible word first, so that who speaks to the page can say it.
    for (const button of [cancel, retry, save]) button.setAttribute("aria-label", `${button.textContent} ${upload.file.name}`);
    progress.setAttribute("aria-label", `Upload of ${upload.file.name}`);
    this.draw();
  }

  draw() {
    const { upload } = this;
    const { cancel, retry, save, progress, failure, reason, sentence, note } = this.#parts;
    const hadFocus = this.element.contains(document.activeElement);
    this.element.dataset.state = upload.state;
    note.textContent = this.#note();
    progress.hidden = upload.state !== "uploading";
    progress.value = upload.sentBytes / Math.max(1, upload.file.size);
    failure.hidden = upload.state !== "failed";
    reason.textContent = upload.problem?.name ?? "";
    write(upload.problem?.message ?? "", sentence);
    cancel.hidden = !upload.canCancel;
    retry.hidden = !upload.canRetry;
    save.hidden = this.#url === null;
    if (upload.thumbnail && this.#url === null) this.#show(upload.thumbnail);
    this.#drawFigures();
    // Who pressed a button that is gone now stays in the row; some browsers leave the focus on it, some on nothing.
    const focused = document.activeElement;
    if (hadFocus && (!this.element.contains(focused) || focused.hidden)) this.element.focus();
  }

  /** Gives back the memory of the thumbnail; the row is of no use afterwards. */
  remove() {
    if (this.#url !== null) URL.revokeObjectURL(this.#url);
    this.element.remove();
  }

  #note() {
    const { state, file, sentBytes, waitsForToken, status, thumbnail } = this.upload;
    if (waitsForToken) return `${bytes(file.size)} · waits for the token`;
    if (state === "uploading") {
      const percent = Math.floor((100 * sentBytes) / Math.max(1, file.size));
      return `${percent}\u00a0% of ${bytes(file.size)}`;
    }
    if (state === "made" && thumbnail) {
      const others = status.thumbnails.slice(1).map(({ variant }) => `also ${variant}`);
      return `${bytes(file.size)} → ${[...this.#dimensions, bytes(thumbnail.blob.size), ...others].join(", ")}`;
    }
    return WORDS[state] ? `${bytes(file.size)} · ${WORDS[state]}` : bytes(file.size);
  }

  #show({ blob, variant }) {
    const { picture, save, note } = this.#parts;
    const { name } = this.upload.file;
    this.#url = URL.createObjectURL(blob);
    picture.alt = `Thumbnail of ${name}`;
    picture.addEventListener("load", () => {
      this.#dimensions = [dimensions(picture.naturalWidth, picture.naturalHeight)];
      note.textContent = this.#note();
    });
    picture.src = this.#url;
    picture.hidden = false;
    save.href = this.#url;
    save.download = `${name.replace(/\.[^.]*$/, "")}-${variant}.${{ "image/jpeg": "jpg" }[blob.type] ?? blob.type.split("/")[1]}`;
    save.hidden = false;
  }

  #drawFigures() {
    const { figures, tier, ms, cost } = this.#parts;
    const { status } = this.upload;
    figures.hidden = this.upload.state !== "made" || status?.tier === undefined;
    if (figures.hidden) return;
    tier.replaceChildren(bars(status.tier, this.#tiers), status.tier);
    ms.textContent = status.milliseconds === undefined ? "–" : milliseconds(status.milliseconds);
    cost.textContent = status.estimated_dollars === undefined ? "–" : dollarsPerMillion(status.estimated_dollars);
  }
}

/** A tier as bars, filled as far as it stands among all tiers; for the eye only. */
export function bars(name, tiers) {
  const picture = document.createElement("span");
  picture.className = "bars";
  picture.setAttribute("aria-hidden", "true");
  const rank = tiers.findIndex((tier) => tier.name === name);
  picture.append(
    ...tiers.map((_, index) => {
      const bar = document.createElement("span");
      if (index <= rank) bar.className = "full";
      return bar;
    }),
  );
  return picture;
}

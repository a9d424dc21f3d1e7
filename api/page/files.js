// Files as they come in (dropped, with folders; pasted; chosen) and the key that each one gets in the bucket.
// Nothing is left out because of its type: what is an image, the bytes say, and thumbtier answers by name.

/** Whether a drag brings files, and not a selection of text or a link. */
export function bringsFiles(transfer) {
  return Array.from(transfer?.types ?? []).includes("Files");
}

/** The files of a drop, those of its folders included where the browser tells what a folder holds. */
export async function droppedFiles(transfer) {
  // Entries must be asked for before the first await: after the event the list is empty.
  const entries = Array.from(transfer.items ?? [])
    .filter((item) => item.kind === "file")
    .map((item) => item.webkitGetAsEntry?.());
  if (entries.length === 0 || entries.some((entry) => !entry)) return Array.from(transfer.files);
  const found = await Promise.all(entries.map((entry) => (entry.isDirectory ? filesBelow(entry) : fileOf(entry))));
  return found.flat();
}

/** The files of a paste; pictures without a file all arrive as image.png, so they are numbered. */
export function pastedFiles(transfer, nextNumber) {
  return Array.from(transfer?.files ?? [], (file) => {
    if (file.name && file.name !== "image.png") return file;
    return new File([file], `pasted-${nextNumber()}.png`, { type: file.type, lastModified: file.lastModified });
  });
}

async function filesBelow(folder) {
  const reader = folder.createReader();
  const found = [];
  // A reader hands out a hundred entries at a time, and none at the end.
  for (;;) {
    const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (entries.length === 0) break;
    for (const entry of entries) {
      // Hidden files of a folder (.DS_Store) were not meant.
      if (entry.name.startsWith(".")) continue;
      found.push(...(entry.isDirectory ? await filesBelow(entry) : await fileOf(entry)));
    }
  }
  return found;
}

async function fileOf(entry) {
  return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
}

/**
 * A key that no other upload has: an allowed prefix, a random folder of eight hex digits, the name made safe.
 *
 * @param {string[]} prefixes of /settings; the first is taken, none means that any key is allowed
 */
export function keyFor(name, prefixes) {
  const [random] = crypto.getRandomValues(new Uint32Array(1));
  return `${prefixes[0] ?? ""}${random.toString(16).padStart(8, "0")}/${safeName(name)}`;
}

/** Letters and digits of any script, dots, dashes and underscores; at most 80 characters, the extension kept. */
export function safeName(name) {
  const safe = name
    .normalize("NFC")
    .replace(/[^\p{L}\p{M}\p{N}._-]+/gu, "-")
    .replace(/\.{2,}/g, ".")
    .replace(/^[.-]+|[.-]+$/g, "");
  const characters = Array.from(safe);
  if (characters.length <= 80) return safe || "image";
  const dot = characters.lastIndexOf(".");
  const extension = characters.length - dot <= 10 && dot > 0 ? characters.slice(dot) : [];
  return [...characters.slice(0, 80 - extension.length), ...extension].join("");
}

/** By the table of formats; `UPDATE=1 cargo test -p contract` writes it. */
const TYPES = {
  "jpg": "image/jpeg",
  "jpeg": "image/jpeg",
  "jpe": "image/jpeg",
  "jfif": "image/jpeg",
  "png": "image/png",
  "apng": "image/png",
  "webp": "image/webp",
  "gif": "image/gif",
  "bmp": "image/bmp",
  "dib": "image/bmp",
  "tif": "image/tiff",
  "tiff": "image/tiff",
  "heic": "image/heic",
  "heif": "image/heic",
  "hif": "image/heic",
  "avif": "image/avif",
  "avifs": "image/avif",
  "jxl": "image/jxl",
  "jp2": "image/jp2",
  "j2k": "image/jp2",
  "j2c": "image/jp2",
  "jpf": "image/jp2",
  "jpx": "image/jp2",
  "jpc": "image/jp2",
  "psd": "image/vnd.adobe.photoshop",
  "psb": "image/vnd.adobe.photoshop",
  "psdt": "image/vnd.adobe.photoshop",
  "dng": "image/x-adobe-dng",
  "cr2": "image/x-adobe-dng",
  "cr3": "image/x-adobe-dng",
  "nef": "image/x-adobe-dng",
  "arw": "image/x-adobe-dng",
  "orf": "image/x-adobe-dng",
  "rw2": "image/x-adobe-dng",
  "raf": "image/x-adobe-dng",
  "pnm": "image/x-portable-anymap",
  "pbm": "image/x-portable-anymap",
  "pgm": "image/x-portable-anymap",
  "ppm": "image/x-portable-anymap",
  "pam": "image/x-portable-anymap",
  "qoi": "image/qoi",
  "ico": "image/vnd.microsoft.icon",
  "cur": "image/vnd.microsoft.icon",
  "dds": "image/vnd.ms-dds",
  "hdr": "image/vnd.radiance",
  "rgbe": "image/vnd.radiance",
  "exr": "image/x-exr",
  "ff": "image/x-farbfeld",
  "farbfeld": "image/x-farbfeld",
  "svg": "image/svg+xml",
  "svgz": "image/svg+xml",
  "pdf": "application/pdf",
  "ai": "application/pdf",
  "mp4": "video/mp4",
  "mov": "video/mp4",
  "m4v": "video/mp4",
  "3gp": "video/mp4",
  "3g2": "video/mp4",
  "qt": "video/mp4",
  "webm": "video/webm",
  "mkv": "video/webm",
  "tga": "image/x-tga",
};

/** The browser's opinion of the file's type; by its name where it has none. */
export function contentType(file) {
  const extension = file.name.slice(file.name.lastIndexOf(".") + 1).toLowerCase();
  return file.type || TYPES[extension] || "application/octet-stream";
}

// Numbers and names as the reader sees them. Pure functions; everything else builds on these.
// Names come from the profiled program and may hold anything: they pass through visible() and end
// in textContent, never in markup.

const MIB = 1048576;

// "648.5 MiB", "18.3 KiB", "7.1 PiB". MiB with one decimal wherever that says something, so that
// numbers line up and compare (mib_text.hpp says the same).
function mib(bytes) {
  if (bytes < 1024) return bytes < 0 ? "-" + mib(-bytes) : count(bytes) + "\u00a0B";
  if (bytes < MIB / 20) return oneDecimal(bytes / 1024) + "\u00a0KiB";
  let unit = MIB;
  let most = 10000;
  for (const name of ["MiB", "GiB", "TiB", "PiB"]) {
    if (Math.round((bytes * 10) / unit) < most * 10) return oneDecimal(bytes / unit) + "\u00a0" + name;
    unit *= 1024;
    most = 1024;
  }
  return oneDecimal(bytes / unit) + "\u00a0EiB";
}

function oneDecimal(number) {
  const tenths = Math.round(number * 10);
  return (tenths / 10).toLocaleString("en-US", {
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
  });
}

function count(n) {
  return Math.round(n).toLocaleString("en-US");
}

function plural(n, one, many) {
  return count(n) + "\u00a0" + (n === 1 ? one : many);
}

function percent(part, whole) {
  const share = whole > 0 ? (100 * part) / whole : 0;
  return (share > 99.95 ? "100" : share.toFixed(1)) + "\u00a0%";
}

function seconds(s) {
  if (s < 0.9995) return Math.round(1000 * s) + "\u00a0ms";
  if (s < 120) return s.toFixed(1) + "\u00a0s";
  const minutes = Math.floor(s / 60);
  if (minutes < 120) return minutes + "\u00a0min " + Math.floor(s % 60) + "\u00a0s";
  return Math.floor(minutes / 60) + "\u00a0h " + (minutes % 60) + "\u00a0min";
}

// Characters that would vanish, or turn the text around (a file named x<U+202E>gpj.exe), are
// spelled out. Ordinary right-to-left letters stay as they are; their elements isolate them.
const INVISIBLE = new RegExp(
  "[\\u0000-\\u0008\\u000a-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u200b-\\u200f" +
    "\\u2028-\\u202e\\u2060-\\u2069\\ufeff\\ufff9-\\ufffb]",
  "g",
);
function visible(text) {
  return String(text).replace(
    INVISIBLE,
    (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"),
  );
}

function sourceText(text) {
  return visible(text).replace(/\t/g, "        ");
}

// Cells of a fixed-width font: wide (East Asian, emoji) characters take two.
function cells(text) {
  let n = 0;
  for (const c of text) n += c.codePointAt(0) < 0x1100 ? 1 : 2;
  return n;
}

// A path cut at its front, by whole folders: "…/io/parsers/readers.py"; "" if not even the file's
// name fits.
function cutFolders(path, room) {
  if (cells(path) <= room) return path;
  const parts = path.split("/");
  while (parts.length > 1) {
    parts.shift();
    const shorter = "…/" + parts.join("/");
    if (cells(shorter) <= room) return shorter;
  }
  return "";
}

// The same, into the file's name if it must be.
function cutPath(path, room) {
  return cutFolders(path, room) || "…" + [...path].slice(1 - room).join("");
}

// A library's path from its package on: where it is installed is for the tooltip.
function pathInside(path) {
  return path.replace(/^.*\/(site-packages|dist-packages|lib\/python3\.\d+)\//, "");
}

// A C++ name without its template arguments and scopes, if it would not fit otherwise.
function shortFunction(name, room) {
  if (cells(name) <= room) return name;
  let bare = name.replace(/\((anonymous namespace|[^()]*)\)( const)?$/, "");
  if (bare.includes("::")) {
    for (let before = ""; before !== bare;) {
      before = bare;
      bare = bare.replace(/<[^<>]*>/g, "");
    }
    const scopes = bare.split("::");
    while (scopes.length > 1 && cells(scopes.join("::")) > room) scopes.shift();
    bare = scopes.join("::");
  }
  return bare && cells(bare) <= room ? bare : "";
}

// "function  path:line" in `room` cells. The path gives way first and from its front, then goes
// altogether; a function or a line number is shown whole or not at all.
function cutLabel(label, room) {
  const { name, path, line } = label;
  const where = path + line;
  if (cells(name) + 2 + cells(where) <= room) return where ? name + "  " + where : name;
  const left = room - cells(name) - 2 - line.length;
  if (left >= 0) {
    const cut = path ? cutFolders(path, left) : "";
    if (cut || line) return name + "  " + cut + line;
  }
  if (cells(name) <= room) return name;
  const bare = shortFunction(label.short || name, room);
  return bare && line && cells(bare) + 1 + line.length <= room ? bare + " " + line : bare;
}

// The beginning of a source line; what is cut says so.
function cutSource(text, room) {
  const line = sourceText(text).trim();
  return cells(line) <= room ? line : line.slice(0, Math.max(room - 1, 0)) + "…";
}

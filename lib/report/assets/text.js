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

// Of a report that is not of the peak: which moment it is of.
function when({ moment }) {
  return moment === "now" ? "now" : "when memory ran out";
}

function isPeak({ moment }) {
  return moment === "peak";
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
// spelled out. Ordinary right-to-left letters stay as they are; their elements isolate them. Which
// they are, and which take two cells, stands in characters.def.
const INVISIBLE = /[@INVISIBLE@]/gu;
const WIDE = /[@WIDE@]/gu;

function visible(text) {
  return String(text).replace(INVISIBLE, (c) => {
    const code = c.codePointAt(0);
    const [mark, digits] = code > 0xffff ? ["\\U", 8] : ["\\u", 4];
    return mark + code.toString(16).padStart(digits, "0");
  });
}

function sourceText(text) {
  return visible(text.replace(/\t/g, "        "));
}

// Cells of a fixed-width font: wide (East Asian, emoji) characters take two.
function cells(text) {
  return [...text].length + (text.match(WIDE) || []).length;
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

// Of a long name, given in parts, as many of the last ones as there is room for; "" if there is none.
function shortName(parts, room) {
  for (let from = 0; from < parts.length; ++from) {
    const name = parts.slice(from).join("");
    if (cells(name) <= room) return name;
  }
  return "";
}

// {name, path, line, short}: what a box says of a frame, for cutLabel(). `again` says how many frames
// it joins. A frame whose function nobody knows is called by its place.
function frameLabel(frame, again) {
  const path = visible(frame.i);
  if (frame.f === "") return { name: path + again, path: "", line: lineOf(frame), short: [path] };
  const short = frame.h.map(visible);
  return { name: visible(frame.f) + again, path, line: lineOf(frame), short };
}

function lineOf(frame) {
  return frame.l > 0 ? ":" + frame.l : "";
}

// "function  path:line" in `room` cells. The path gives way first and from its front, then goes
// altogether, then a long name's front; what is left of a function, and a line number, is shown whole or
// not at all; what has no place, a process say, loses its end (box_label.hpp does the same).
function cutLabel({ name, path, line, short }, room) {
  const left = room - cells(name) - 2 - line.length;
  if (left >= 0) {
    const where = cutFolders(path, left) + line;
    return where ? name + "  " + where : name;
  }
  if (cells(name) <= room) return name;
  const bare = shortName(short, room);
  if (!bare && !path && !line) return room < 4 ? "" : cutSource(name, room);
  return bare && line && cells(bare) + 1 + line.length <= room ? bare + " " + line : bare;
}

// The beginning of a source line; what is cut says so.
function cutSource(text, room) {
  const line = sourceText(text).trim();
  if (cells(line) <= room) return line;
  let kept = "";
  let left = room - 1;
  for (const c of line) {
    left -= cells(c);
    if (left < 0) break;
    kept += c;
  }
  return kept + "…";
}

// Makes an SVG graph that is opened by itself respond: click zooms, / searches, arrows move, Escape
// resets. All it knows is in the picture: the place of each frame (percentages), and its data-
// attributes (svg.hpp).

const root = document.documentElement;
const find = (id) => document.getElementById(id);
const cell = Number(find("frames").dataset.cell);
const frames = [...document.querySelectorAll(".f")].map(readFrame);
const byElement = new Map(frames.map((frame) => [frame.element, frame]));
let zoomed = frames[0];
let active = null;
let wanted = "";

function readFrame(element) {
  const { bytes, function: f, joined = "", folder = "", path = "", line, parts } = element.dataset;
  const text = element.querySelector(".n");
  const source = element.querySelector(".s");
  const s = source ? (source.dataset.source ?? source.textContent).replace(/\u00a0/g, " ") : "";
  const named = f === undefined ? { f: "" } : { f, h: parts ? parts.split("\n") : [f] };
  const frame = { ...named, p: folder + path, i: path, l: Number(line), s };
  return {
    element,
    text,
    source,
    frame,
    bytes: Number(bytes),
    label: frameLabel(frame, joined),
    title: element.querySelector("title").textContent,
    x: parseFloat(element.getAttribute("x")),
    width: parseFloat(element.getAttribute("width")),
    y: Number(element.getAttribute("y")),
  };
}

const inside = (inner, outer) =>
  inner.x >= outer.x - 1e-6 && inner.x + inner.width <= outer.x + outer.width + 1e-6;

function show(element, shown) {
  element.setAttribute("display", shown ? "inline" : "none");
}

// Places every frame for the zoom: those above span the picture, those beside are gone. Labels are
// made for the window's width, or paper's.
let paper = null;
function place() {
  const pixels = 0.98 * (paper || root.clientWidth || innerWidth);
  for (const frame of frames) {
    const above = frame.y < zoomed.y && inside(zoomed, frame);
    const below = frame.y >= zoomed.y && inside(frame, zoomed);
    frame.shown = above || below;
    show(frame.element, frame.shown);
    if (!frame.shown) continue;
    frame.share = above ? 1 : frame.width / zoomed.width;
    frame.element.setAttribute(
      "x",
      (above ? 0 : (100 * (frame.x - zoomed.x)) / zoomed.width) + "%",
    );
    frame.element.setAttribute("width", 100 * frame.share + "%");
    const room = Math.floor((frame.share * pixels - 9) / cell);
    const label = room < 2 ? "" : cutLabel(frame.label, room);
    frame.text.textContent = label;
    if (frame.source) frame.source.textContent = label ? cutSource(frame.frame.s, room) : "";
  }
  show(find("reset"), zoomed !== frames[0] || wanted !== "");
}

function zoom(frame) {
  zoomed = frame;
  place();
  remember(true);
}

function search(text) {
  wanted = text;
  const matches = frameMatcher(text);
  let bytes = 0;
  let edge = -1;
  const found = frames.filter(({ frame }, i) => i > 0 && matches && matches(frame));
  for (const frame of frames) frame.element.classList.toggle("hit", found.includes(frame));
  for (const frame of [...found].sort((a, b) => a.x - b.x || a.y - b.y)) {
    if (frame.x + 1e-6 < edge) continue;
    edge = frame.x + frame.width;
    bytes += frame.bytes;
  }
  find("found").textContent =
    !matches
      ? ""
      : plural(found.length, "frame", "frames") +
        " · " +
        mib(bytes) +
        " · " +
        percent(bytes, frames[0].bytes);
  place();
  remember();
}

function reset() {
  zoomed = frames[0];
  remember(true);
  const box = document.querySelector("input");
  if (box) box.value = "";
  search("");
}

function remember(step) {
  const parts = [];
  if (zoomed !== frames[0]) parts.push("zoom=" + frames.indexOf(zoomed));
  if (wanted) parts.push("search=" + encodeURIComponent(wanted));
  writeFragment(joinFragment(parts), step);
}

function restore() {
  const values = new URLSearchParams(location.hash.slice(1));
  zoomed = frames[Number(values.get("zoom"))] || frames[0];
  const text = values.get("search") || "";
  if (text || document.querySelector("input")) searchBox().value = text;
  search(text);
}

// The search field is ordinary HTML inside the picture, made when it is first wanted.
function searchBox() {
  let box = document.querySelector("input");
  if (box) return box;
  const html = "http://www.w3.org/1999/xhtml";
  const holder = document.createElementNS("http://www.w3.org/2000/svg", "foreignObject");
  for (const [name, value] of Object.entries({ x: "1%", y: 31, width: 230, height: 28 }))
    holder.setAttribute(name, value);
  box = document.createElementNS(html, "input");
  box.setAttribute("placeholder", "function, file:line");
  box.setAttribute("aria-label", "search");
  box.addEventListener("input", () => search(box.value));
  holder.append(box);
  root.append(holder);
  find("detail").setAttribute("dx", 245);
  return box;
}

function tell(frame) {
  find("detail").textContent = frame ? frame.title + "  " + mib(frame.bytes) : "";
}

function activate(frame) {
  if (!frame) return;
  if (active) active.element.classList.remove("active");
  active = frame;
  active.element.classList.add("active");
  active.element.scrollIntoView({ block: "nearest" });
  tell(active);
}

function neighbour(direction) {
  if (!active) return zoomed;
  const shown = frames.filter((frame) => frame.shown);
  if (direction === "Up")
    return shown
      .filter((f) => f.y < active.y && inside(active, f))
      .reduce((a, b) => (a && a.y > b.y ? a : b), null);
  if (direction === "Down") {
    const below = shown.filter((f) => f.y > active.y && inside(f, active));
    const next = Math.min(...below.map((f) => f.y));
    return below
      .filter((f) => f.y === next)
      .reduce((a, b) => (a && a.width >= b.width ? a : b), null);
  }
  const row = shown.filter((f) => f.y === active.y).sort((a, b) => a.x - b.x);
  return row[row.indexOf(active) + (direction === "Left" ? -1 : 1)];
}

function key(event) {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const typing = event.target.localName === "input";
  if (event.key === "Escape") {
    reset();
    if (typing) event.target.blur();
  } else if (typing) {
    return;
  } else if (event.key === "/") {
    searchBox().focus();
  } else if (event.key === "Enter" && active) {
    zoom(active);
  } else if (event.key.startsWith("Arrow")) {
    activate(neighbour(event.key.slice(5)));
  } else {
    return;
  }
  event.preventDefault();
}

const frameAt = (event) => byElement.get(event.target.closest(".f"));
root.addEventListener("click", (event) => frameAt(event) && zoom(frameAt(event)));
root.addEventListener("pointermove", (event) => tell(frameAt(event)));
root.addEventListener("keydown", key);
find("search").addEventListener("click", () => searchBox().focus());
find("reset").addEventListener("click", reset);
show(find("search"), true);
addEventListener("resize", place);
onPaper((width) => {
  paper = width;
  place();
});
addEventListener("hashchange", restore);
restore();

// The head: the peak, when it was, how the program ended, and what else was resident.
// The peak is the sum of what the page shows and of what it says it does not, of all processes.

function drawHead(at, model) {
  const { facts } = model;
  const peak = model.total[0] + model.hidden.bytes;
  at.replaceChildren(
    el(
      "div",
      { class: "run" },
      el("h1", {}, bdi(facts.command)),
      el("p", { class: endedWell(facts.ending) ? "ending" : "ending bad" }, facts.ending.text),
    ),
    el(
      "div",
      { class: "figures" },
      el(
        "p",
        { class: "peak" },
        size(peak, "strong"),
        el("span", {}, ...momentWords(model)),
      ),
      residentPart(model),
    ),
    el(
      "p",
      { class: "quiet" },
      ...between(" · ", [
        facts.runtime && bdi(facts.runtime),
        facts.start && el("time", {}, facts.start),
      ]),
    ),
  );
}

function between(separator, parts) {
  return parts.filter(Boolean).flatMap((part, i) => (i ? [separator, part] : [part]));
}

// Which moment it is, and of whom.
function momentWords({ facts, request }) {
  const { processes, others, duration, peak_seconds } = facts;
  const parts = [isPeak(facts) ? " peak" : " in use"];
  // Others held nothing: of how many there were, the table tells.
  const all = processes.length > 1 || !isPeak(facts) ? processes.length : processes.length + others.count;
  if (all > 1) parts.push(` ${isPeak(facts) ? "of" : "by"} ${count(all)} processes together`);
  if (!isPeak(facts)) parts.push(" " + when(facts));
  if (request.bytes > 0) parts.push(el("br"), "and ", size(request.bytes, "b"), " more were asked for");
  if (duration > 0) parts.push(el("br"), `at ${seconds(peak_seconds)} of ${seconds(duration)}`);
  return parts;
}

function endedWell({ kind, value }) {
  return kind === "unknown" || kind === "running" || (kind === "exit" && value === 0);
}

// Of the strip's own samples, where nobody looked what it was made of; 0: none knows it.
function residentThen(facts) {
  const known = facts.samples.length > 0 ? facts.samples[0].points.filter((p) => p.r > 0) : [];
  return known.length > 0 ? sampleAt(known, facts.peak_seconds).r : 0;
}

// A block is touched after it was allocated, so this may be a little later than the peak's mark.
const THEN = "the most while what was allocated stayed within 1 % of the peak";

// Resident memory at the peak as one bar: what of the peak was resident, and what else was. What
// was counted and not resident stands below it.
function residentPart({ facts }) {
  const r = facts.resident;
  if (!(r && r.total > 0)) {
    const then = residentThen(facts);
    const shared = facts.processes.length > 1 ? ", what processes share counted in each" : "";
    const words =
      then > 0 ? ["resident then ", size(then, "b"), shared] : ["resident memory was not sampled"];
    return el("p", { class: "quiet" }, ...words);
  }
  const parts = r.lines.map(({ kind, bytes, text }) => [kind, bytes, text]);
  return el(
    "div",
    { class: "resident" },
    el("p", { title: THEN }, "resident then ", size(r.total, "b")),
    residentBar(parts.filter(([kind]) => kind !== "none"), r.total),
    el("ul", {}, ...parts.map(([kind, bytes, text]) => residentItem(kind, bytes, text))),
    ...residentAtEnd(facts),
  );
}

// Allocators keep what was freed: why resident memory does not go down, and whose it is.
function residentAtEnd({ ending, samples, resident }) {
  if (ending.kind === "unknown" || ending.kind === "running" || samples.length === 0) return [];
  const last = samples[0].points.filter((p) => p.r > 0 && p.a >= 0).at(-1);
  if (!last) return [];
  const words = ["at the end ", size(last.a), " allocated, ", size(last.r), " resident"];
  const lines = resident.last_lines.filter(({ kind, bytes }) => kind !== "none" && bytes > last.r / 50);
  if (lines.length > 0) words.push(`; at ${seconds(resident.last_seconds)}:`);
  const items = lines.map(({ kind, bytes, text }) => residentItem(kind, bytes, text));
  return [el("p", { class: "quiet" }, ...words), el("ul", {}, ...items)];
}

function residentItem(kind, bytes, text) {
  return el("li", {}, swatch(kind), size(bytes), " " + text);
}

function residentBar(parts, total) {
  const label = parts.map(([, bytes, text]) => mib(bytes) + " " + text).join(", ");
  const look = { class: "parts", width: "100%", height: "10", role: "img", "aria-label": label };
  return svgEl("svg", look, ...partRects(parts, total));
}

function partRects(parts, total) {
  let x = 0;
  return parts.map(([kind, bytes]) => {
    const rect = svgEl("rect", {
      class: "part " + kind,
      x: (100 * x) / total + "%",
      width: (100 * bytes) / total + "%",
      height: "100%",
    });
    x += bytes;
    return rect;
  });
}

function swatch(kind) {
  return svgEl(
    "svg",
    { class: "swatch", width: "10", height: "10", "aria-hidden": "true" },
    svgEl("rect", { class: "part " + kind, width: "10", height: "10" }),
  );
}

// What needs saying before anything else.
function drawNotes(at, facts) {
  at.replaceChildren(...facts.notes.map((note) => el("p", {}, bdi(note))));
  at.hidden = facts.notes.length === 0;
}

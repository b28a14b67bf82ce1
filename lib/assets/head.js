// The head: the peak, when it was, how the program ended, and what else was resident.

function drawHead(at, facts) {
  at.replaceChildren(
    el("div", { class: "run" },
      el("h1", {}, bdi(facts.command)),
      el("p", { class: endedWell(facts.ending) ? "ending" : "ending bad" }, facts.ending.text)),
    el("div", { class: "figures" },
      el("p", { class: "peak" },
        el("strong", { title: count(facts.peak) + " bytes" }, mib(facts.peak)),
        el("span", {}, " peak", ...peakMoment(facts))),
      residentPart(facts)),
    el("p", { class: "quiet" }, ...between(" · ", [
      facts.runtime && bdi(facts.runtime), facts.start && el("time", {}, facts.start)])));
}

function between(separator, parts) {
  return parts.filter(Boolean).flatMap((part, i) => (i ? [separator, part] : [part]));
}

function peakMoment(facts) {
  if (!(facts.duration > 0)) return [];
  return [el("br", {}), "at " + seconds(facts.peak_seconds) + " of " + seconds(facts.duration)];
}

function endedWell({ kind, value }) {
  return kind === "unknown" || kind === "running" || (kind === "exit" && value === 0);
}

// Resident memory at the peak as one bar. Its first part is what the report explains; the rest is
// why the number differs from the peak.
function residentPart(facts) {
  const r = facts.resident;
  if (!r || !(r.total > 0)) return el("p", { class: "quiet" }, "resident memory was not sampled");
  const counted = Math.min(r.anonymous, facts.peak);
  const parts = [
    ["counted", counted, "counted in the peak"],
    ["other", r.anonymous - counted, "interpreter, stacks, freed but kept"],
    ["file", r.file, "program and files"],
    ["shared", r.shared, "shared"],
  ].filter(([, bytes]) => bytes > 0);
  const untouched = facts.peak - counted;
  return el("div", { class: "resident" },
    el("p", {}, "resident then ", el("b", { title: count(r.total) + " bytes" }, mib(r.total))),
    svgEl("svg", { class: "parts", width: "100%", height: "10", role: "img",
      "aria-label": parts.map(([, bytes, text]) => mib(bytes) + " " + text).join(", ") },
    ...partRects(parts, r.total)),
    el("ul", {}, ...parts.map(([kind, bytes, text]) => el("li", {},
      swatch(kind), el("span", { title: count(bytes) + " bytes" }, mib(bytes)), " " + text)),
    untouched > 1048576 ? el("li", {}, swatch("none"), mib(untouched) + " counted, never touched or swapped out") : null));
}

function partRects(parts, total) {
  let x = 0;
  return parts.map(([kind, bytes]) => {
    const rect = svgEl("rect", { class: "part " + kind, x: 100 * x / total + "%",
      width: 100 * bytes / total + "%", height: "100%" });
    x += bytes;
    return rect;
  });
}

function swatch(kind) {
  return svgEl("svg", { class: "swatch", width: "10", height: "10", "aria-hidden": "true" },
    svgEl("rect", { class: "part " + kind, width: "10", height: "10" }));
}

// What needs saying before anything else.
function drawNotes(at, facts) {
  at.replaceChildren(...facts.notes.map((note) => el("p", {}, bdi(note))));
  at.hidden = facts.notes.length === 0;
}

// What was mapped at the peak beside the memory that is counted: files, shared memory, and what is
// resident of arenas; each kind with its own number and callstacks. A row opens to show its
// callstack.

const KINDS = {
  file: "mapped files",
  shared: "shared memory",
  arena: "resident in arenas, which are reserved and used as needed",
  reserved: "address space reserved",
};

function drawMapped(at, model) {
  const kinds = model.mappings.filter(({ kind, bytes }) => kind !== "reserved" && bytes > 0);
  at.hidden = kinds.length === 0;
  if (at.hidden) return;
  at.replaceChildren(
    el("h2", {}, "Mapped beside " + (isPeak(model.facts) ? "the peak" : "what is counted")),
    el("p", { class: "quiet" }, "Other memory at that moment; not part of what is counted."),
    ...kinds.flatMap((kind) => kindParts(kind, model)),
  );
}

function kindParts({ kind, bytes, top }, { frames, mappings }) {
  const shown = top.reduce((sum, entry) => sum + entry.bytes, 0);
  const rest = bytes - shown;
  const parts = [
    el("h3", {}, size(bytes, "b"), " " + (KINDS[kind] || visible(kind))),
    el("ul", { class: "mapped" }, ...top.map((entry) => mappedRow(entry, frames, arenaPart(kind, entry, mappings)))),
  ];
  if (rest > 0) parts.push(el("p", { class: "quiet" }, size(rest), " in smaller ones"));
  return parts;
}

// Of how much an arena's bytes are a part.
function arenaPart(kind, { stack }, mappings) {
  const reserved = mappings.find((other) => other.kind === "reserved").top;
  const whole = kind === "arena" && reserved.find((other) => "" + other.stack === "" + stack);
  return whole ? " of " + mib(whole.bytes) + " reserved" : "";
}

function mappedRow({ bytes, frame, stack }, frames, more) {
  const callstack = stack.map((number) => el("li", {}, ...frameWords(frames[number])));
  const source = frame < 0 ? "" : sourceText(frames[frame].s).trim();
  return el(
    "li",
    {},
    el(
      "details",
      {},
      el(
        "summary",
        {},
        size(bytes, "span", "bytes"),
        el("span", { class: "where" }, ...frameWords(frames[frame]), more),
        el("code", {}, bdi(source.slice(0, 200))),
      ),
      el("ol", { class: "stack" }, ...callstack),
    ),
  );
}

function frameWords(frame) {
  if (!frame) return [];
  return [bdi(cutPath(visible(frame.i), 60)), lineOf(frame) + " ", bdi(frame.f, "function")];
}

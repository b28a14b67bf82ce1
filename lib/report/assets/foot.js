// The foot: what the page says about this run below its fixed text (page.html): other memory, how
// exact the numbers are, and how the program was started.

function drawFoot(model) {
  byId("reserved").replaceChildren(...reservedParts(model.mappings));
  byId("exact").replaceChildren(...exactParts(model));
  byId("run").replaceChildren(...runParts(model.facts));
}

// Address space is no memory: one line is enough.
function reservedParts(mappings) {
  const reserved = mappings.find(({ kind, bytes }) => kind === "reserved" && bytes > 0);
  if (!reserved) return [];
  const item = el("p", {}, size(reserved.bytes), " " + KINDS.reserved);
  if (reserved.top.length > 0) {
    const { file, line } = reserved.top[0];
    const place = [bdi(cutPath(visible(file), 40)), line > 0 ? ":" + line : ""];
    item.append(el("span", { class: "quiet" }, ", most of it at ", ...place));
  }
  return [item];
}

function exactParts({ facts, hidden }) {
  const { threads, bound, missed, dropped, unrecorded } = facts.exact;
  const lines = [];
  if (!isPeak(facts)) {
    lines.push("Counted as it stood " + when(facts) + ".");
  } else if (bound === 0) {
    const each = threads > 1 ? " in each program" : "";
    lines.push(`Exact: one thread recorded${each}, and every byte was counted as it came and went.`);
  } else {
    lines.push(
      `${count(threads)} threads recorded: the moment of the peak is exact to within ` +
        `${mib(roundedUp(bound))} and the blocks that other threads were just allocating; ` +
        "the bytes shown are all counted.",
    );
  }
  if (hidden.callstacks > 0) {
    const callstacks = plural(hidden.callstacks, "small callstack", "small callstacks");
    lines.push(`Not shown: ${callstacks}, ${mib(hidden.bytes)} together.`);
  }
  if (missed > 0) {
    const events = plural(missed, "event", "events");
    lines.push(`${events} missed (inside the recorder, or in a signal handler).`);
  }
  if (dropped > 0) lines.push(`${plural(dropped, "event", "events")} dropped for want of memory.`);
  lines.push(...unrecorded.map(visible));
  return lines.map((line) => el("p", {}, line));
}

// To a tenth of a MiB: a bound of 48 KiB is not "0.0".
function roundedUp(bytes) {
  return (Math.ceil((bytes / MIB) * 10) / 10) * MIB;
}

function runParts(facts) {
  const code = (text) => el("code", {}, bdi(text));
  const parts = [el("p", {}, code(facts.shell))];
  if (facts.variables.length > 0) {
    const words = plural(facts.variables.length, "variable", "variables") + " set by us";
    const items = facts.variables.map((text) => el("li", {}, code(text)));
    parts.push(el("details", {}, el("summary", {}, words), el("ul", {}, ...items)));
  }
  parts.push(el("p", { class: "quiet" }, "libfil ", bdi(facts.version)));
  return parts;
}

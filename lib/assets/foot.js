// The foot: how to read the page, what is counted, how exact it is, and how the run was set up.

function drawFoot(at, model) {
  const { facts } = model;
  at.replaceChildren(
    el("section", {}, el("h2", {}, "How to read this"),
      el("p", {}, "Each box is a line of code; below it stands what it called. A box is as wide as the memory that was alive at the peak and was allocated in it or below it. Wider is also redder. Left and right mean nothing."),
      el("p", {}, "Your own code is bold, with a bar at its left; the rest is libraries. With leaves first, the line that allocated stands on top and its callers below."),
      el("p", {}, ...keys())),
    el("section", {}, el("h2", {}, "What is counted"),
      el("p", {}, "Memory that the program asked for and had not given back at the peak: malloc and its relatives, Python’s objects, anonymous mappings. It need not be resident: pages that were never touched, or are swapped out, count too."),
      ...mappingParts(model.mappings)),
    el("section", {}, el("h2", {}, "How exact"), ...exactParts(facts.exact, model.hidden)),
    el("section", {}, el("h2", {}, "This run"), ...runParts(facts)));
}

function keys() {
  return [["←↑↓→", "move"], ["Enter", "zooms"], ["Esc", "resets"], ["/", "searches"]]
    .flatMap(([key, does]) => [el("kbd", {}, key), " " + does + "  "]);
}

function mappingParts(mappings) {
  const kinds = { file: "mapped files", shared: "shared memory", reserved: "address space reserved, not usable" };
  const shown = mappings.filter((mapping) => mapping.bytes > 0);
  if (shown.length === 0) return [];
  return [
    el("p", {}, "Mapped at the peak as well, and not counted:"),
    el("ul", {}, ...shown.map((mapping) => el("li", {},
      el("span", { title: count(mapping.bytes) + " bytes" }, mib(mapping.bytes)), " " + (kinds[mapping.kind] || visible(mapping.kind)),
      ...(mapping.top || []).slice(0, 1).map((top) => el("span", { class: "quiet" }, ", most of it at ",
        bdi(cutPath(visible(top.file), 40)), top.line > 0 ? ":" + top.line : ""))))),
  ];
}

function exactParts(exact, hidden) {
  const lines = [exact.threads <= 1 || exact.bound === 0
    ? "Exact: one thread recorded, and every byte was counted as it came and went."
    : count(exact.threads) + " threads recorded: the moment of the peak is exact to within " + mib(exact.bound) + "; the bytes shown are all counted."];
  if (hidden.callstacks > 0) {
    lines.push("Not shown: " + plural(hidden.callstacks, "small callstack", "small callstacks") + ", " + mib(hidden.bytes) + " together.");
  }
  if (exact.missed > 0) lines.push(plural(exact.missed, "event", "events") + " missed (inside the recorder, or in a signal handler).");
  if (exact.dropped > 0) lines.push(plural(exact.dropped, "event", "events") + " dropped for want of memory.");
  if (exact.unprofiled > 0) lines.push(plural(exact.unprofiled, "child process", "child processes") + " could not be recorded.");
  return lines.map((line) => el("p", {}, line));
}

function shellQuoted(argument) {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : "'" + argument.replace(/'/g, "'\\''") + "'";
}

function runParts(facts) {
  const parts = [el("p", {}, el("code", {}, bdi(facts.argv.map(shellQuoted).join(" "))))];
  if (facts.variables.length > 0) {
    parts.push(el("p", {}, "Set by us: ", ...between(", ", facts.variables.map((v) => el("code", {}, bdi(v))))));
  }
  if (facts.processes.length > 0) {
    parts.push(el("p", {}, "Other processes, with their own peaks:"),
      el("ul", {}, ...facts.processes.map((p) => el("li", {}, mib(p.peak) + " ", bdi(p.name), el("span", { class: "quiet" }, " pid " + p.pid, ...between(" · ", ["", p.note && bdi(p.note)]))))));
  }
  parts.push(el("p", { class: "quiet" }, "libfil ", bdi(facts.version)));
  return parts;
}

// What the list of the reader's own lines needs beyond the model's `lines`: who is in what the boxes of
// a line hold in the graph, which is more than the line's own bytes where it called another line of the
// reader's.

// Adds to each of model.lines: callees (functions of the reader's that it called, heaviest first).
function readLines(model) {
  const { parent, frame, frames, total } = model;
  const near = new Int32Array(parent.length); // the innermost node of the reader's, from a node up
  const callees = frames.map(() => new Map()); // function -> bytes
  for (let i = 1; i < parent.length; ++i) {
    const above = parent[i];
    const user = isUser(frames[frame[i]]);
    near[i] = user ? i : near[above];
    if (user && near[above] > 0 && frame[near[above]] !== frame[i]) {
      const of = callees[frame[near[above]]];
      const name = calleeName(frames[frame[i]]);
      of.set(name, (of.get(name) || 0) + total[i]);
    }
  }
  for (const line of model.lines) {
    const heaviest = [...callees[line.frame]].sort(([, a], [, b]) => b - a);
    line.callees = heaviest.map(([name]) => name);
  }
}

// A file's own code is called by the file.
function calleeName({ f, h, m, p }) {
  if (m || f === "") return cutSource(p.split("/").pop(), 40);
  return shortName(h.map(visible), 40) || cutSource(f, 40);
}

// "rolling"; "rolling and start"; "rolling, start and 2 more": of a line that holds what it called
// besides its own.
function calleesText({ callees }) {
  const [a, b, ...more] = callees;
  if (more.length > 0) return `${a}, ${b} and ${count(more.length)} more`;
  return b === undefined ? a : a + " and " + b;
}

// What callstacks hold that pass through the line.
function heldBy({ bytes, below, callees }) {
  return callees.length > 0 && below ? below : bytes;
}

// " (123.0 MiB with rolling)", where that is more than the line's own.
function moreText(line) {
  const held = mib(heldBy(line));
  return held === mib(line.bytes) ? "" : ` (${held} with ${calleesText(line)})`;
}

// "polars' threads", "duckdb's threads".
function threadsText({ of }) {
  return visible(of) + (of.endsWith("s") ? "'" : "'s") + " threads";
}

// The rows of the list by number: the lines, then the threads of libraries.
function rowAt({ lines, threads }, number) {
  return number < lines.length ? lines[number] : threads[number - lines.length];
}

function numberOfRow({ lines, threads }, row) {
  return row.of === undefined ? lines.indexOf(row) : lines.length + threads.indexOf(row);
}

function isImport(line) {
  return line.imports === 1;
}

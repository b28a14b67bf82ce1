// Several processes in one model: each stands below a frame of its own, directly below the root.
// The model of one of them alone is a model like any other, whose root is that process.

// By frame: the number of the process that it names, -1 of any other frame.
function processesOfFrames({ facts, frames }) {
  const of = new Int32Array(frames.length).fill(-1);
  facts.processes.forEach(({ frame }, i) => {
    if (frame !== undefined) of[frame] = i;
  });
  return of;
}

function areSeveral({ facts }) {
  return facts.processes.length > 1;
}

// What an address calls each: its pid; one more of the same pid (programs of two containers, added up)
// a number that no pid is.
function addressesOf(processes) {
  const taken = new Set([0]);
  return processes.map(({ pid }, i) => {
    const address = taken.has(pid) ? 1e8 + i : pid;
    taken.add(address);
    return address;
  });
}

// The first of those that are equal to process `i`, which stands for all of them.
function firstEqual({ facts }, i) {
  const { equals } = facts.processes[i];
  return equals < 0 ? i : facts.processes.findIndex((one) => one.equals === equals);
}

function equalsOf({ facts }, i) {
  const { equals } = facts.processes[i];
  return equals < 0 ? [facts.processes[i]] : facts.processes.filter((one) => one.equals === equals);
}

// "8 workers of train.py".
function equalsText({ facts }, i) {
  const { equals } = facts.processes[i];
  return count(facts.processes.filter((one) => one.equals === equals).length) + " " + facts.equals[equals];
}

function processText({ name, pid }) {
  return visible(name) + " (pid " + pid + ")";
}

function modelOfProcess(whole, i) {
  const process = whole.facts.processes[i];
  const numbers = new Int32Array(whole.parent.length).fill(-1); // of the nodes that are its own
  const nodes = [];
  for (let n = 1; n < numbers.length; ++n) {
    const above = whole.parent[n];
    const isRoot = above === 0 && whole.processOf[whole.frame[n]] === i;
    if (!isRoot && (above === 0 || numbers[above] < 0)) continue;
    numbers[n] = isRoot ? 0 : nodes.length;
    if (isRoot && nodes.length > 0) continue;
    nodes.push(n);
  }
  if (nodes.length === 0) nodes.push(0); // all of it is too small to be in the page
  const column = (values) => values.constructor.from(nodes, (n) => (n === 0 ? 0 : values[n]));
  const model = {
    ...whole,
    process,
    parent: Int32Array.from(nodes, (n, at) => (at === 0 ? 0 : numbers[whole.parent[n]])),
    frame: column(whole.frame),
    self: column(whole.self),
    allocations: column(whole.allocations),
    recursions: new Map(
      nodes.flatMap((n, at) => (whole.recursions.has(n) ? [[at, whole.recursions.get(n)]] : [])),
    ),
    whole: process.bytes,
  };
  model.frame[0] = -1;
  sumUp(model);
  model.hidden = { bytes: process.bytes - model.total[0] };
  return Object.assign(model, linesOf(model));
}

// The reader's lines of one process, as your_lines.hpp finds them, of what the page knows of it.
function linesOf(model) {
  const { parent, frame, frames, self } = model;
  const near = new Int32Array(parent.length);
  const held = new Map();
  const threads = new Map();
  const add = (map, key, entry, bytes) => {
    if (!map.has(key)) map.set(key, { ...entry, bytes: 0 });
    map.get(key).bytes += bytes;
  };
  for (let i = 1; i < parent.length; ++i) {
    const above = near[parent[i]];
    const own = frames[frame[i]];
    near[i] = isLineOf(own, above > 0 && frames[frame[above]], parent[i] === 0) ? i : above;
    if (self[i] === 0 || near[i] === 0) continue;
    const line = frame[near[i]];
    if (own.o === "threads") add(threads, line + " " + frame[i], { frame: line, threads: frame[i] }, self[i]);
    else add(held, frames[line].l > 0 ? line : frames[line].p + "\n" + frames[line].f, { frame: line }, self[i]);
  }
  const heaviest = (map) => [...map.values()].sort((a, b) => b.bytes - a.bytes);
  const at = (entry) => ({ ...entry, ...placeOf(frames[entry.frame]) });
  const imports = new Set(model.lines.filter(isImport).map((line) => line.frame));
  const lines = heaviest(held).map((line) => ({ ...at(line), imports: imports.has(line.frame) ? 1 : 0 }));
  const found = {
    lines,
    imports: importsOf(lines),
    compiling: { bytes: 0, function: "" },
    threads: heaviest(threads).map((some) => ({ ...at(some), of: frames[some.threads].g })),
    smallThreads: 0,
    smallLines: { lines: 0, bytes: 0 },
  };
  const sum = [...lines, ...found.threads].reduce((bytes, row) => bytes + row.bytes, 0);
  found.others = model.total[0] - sum;
  for (const line of lines.slice(0, 64)) line.below = bytesBelow(model, (f) => f === line.frame);
  readLines({ ...model, ...found });
  return found;
}

// Where those that import stand among the others, in one row if they are several.
function importsOf(lines) {
  const listed = lines.filter(isImport);
  if (listed.length < 2) {
    for (const line of listed) line.imports = 0;
    return { lines: 0, bytes: 0, place: 0 };
  }
  const bytes = listed.reduce((sum, line) => sum + line.bytes, 0);
  const place = lines.filter((line) => !isImport(line) && line.bytes >= bytes).length;
  return { lines: listed.length, bytes, place };
}

// `above` is the innermost line that called it, if any did. Code that nobody kept the text of counts
// for who called it.
function isLineOf(own, above, isOutermost) {
  if (!isUser(own)) return false;
  const isLost = (f) => /^<.*>$/.test(f.p) && !f.s;
  if (!isLost(own)) return true;
  if (above) return false;
  return isOutermost || !/^<(string|unknown)>$/.test(own.p);
}

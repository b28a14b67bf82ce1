// The JSON model (docs/design/report.md) in typed arrays, with the sums the page needs.
// Node 0 is the root; parents come before their children, so one backward pass sums a tree.

function readModel(json) {
  const frames = readFrames(json);
  const at = (entry) => ({ ...entry, ...placeOf(frames[entry.frame]) });
  const { up, frame, self, allocations, joined } = json.tree;
  const model = {
    facts: { ...json.facts, untouched: json.facts.untouched.map(at) },
    lines: json.lines.map(at),
    threads: json.threads.map((some) => ({ ...at(some), of: frames[some.threads].g })),
    smallThreads: json.smallThreads,
    smallLines: json.smallLines,
    others: json.others,
    imports: json.imports,
    compiling: at(json.compiling),
    request: at(json.facts.request),
    hint: json.hint,
    frames,
    hidden: json.hidden,
    leastTurned: json.leastTurned,
    mappings: json.mappings.map((kind) => ({ ...kind, top: kind.top.map(at) })),
    parent: Int32Array.from([0, ...up.map((distance, i) => i + 1 - distance)]),
    frame: Int32Array.from([-1, ...frame]),
    self: Float64Array.from([0, ...self]),
    allocations: Float64Array.from([0, ...allocations]),
    recursions: new Map(joined.map(([node, times, period = 1, next = -1]) => [node, { times, period, next }])),
  };
  model.facts.samples = json.facts.samples.map(readSamples);
  for (const sparse of [json.facts.resident.sparse, json.facts.resident.last_sparse]) sparse.lines = sparse.lines.map(at);
  sumUp(model);
  model.processOf = processesOfFrames(model);
  model.whole = model.total[0] + model.hidden.bytes; // the peak
  model.functionOf = functionNumbers(model.frames);
  readLines(model);
  return model;
}

// What each node holds with all below it.
function sumUp(model) {
  model.total = Float64Array.from(model.self);
  model.allocationsBelow = Float64Array.from(model.allocations);
  for (let i = model.parent.length - 1; i > 0; --i) {
    model.total[model.parent[i]] += model.total[i];
    model.allocationsBelow[model.parent[i]] += model.allocationsBelow[i];
  }
}

// {f: function, h: its name's parts, m: it is a file's own code; p: path, i: of which this says which
// file it is, l: line, o: owner, g: package, s: source, b: lines before, a: after, n: newer than the
// run}; from columns, whose texts are numbers of the table.
function readFrames({ frames, strings }) {
  const table = strings.split("\n");
  const owners = ["user", "library", "stdlib", "native", "threads", "process", "errand"];
  const [newer, wholeFiles] = [new Set(frames.n), new Set(frames.m)];
  const texts = (numbers) => numbers && numbers.map((text) => table[text]);
  return frames.f.map((name, i) => ({
    f: table[name],
    h: texts(frames.h[i]) || [table[name]],
    m: wholeFiles.has(i),
    p: table[frames.d[i]] + table[frames.p[i]],
    i: table[frames.p[i]],
    l: frames.l[i],
    o: owners[frames.o[i]],
    g: table[frames.g[i]],
    s: table[frames.s[i]],
    b: texts(frames.b[i]),
    a: texts(frames.a[i]),
    n: newer.has(i),
  }));
}

function placeOf(frame) {
  return frame
    ? { file: frame.p, line: frame.l, function: frame.f, source: frame.s }
    : { file: "", line: 0, function: "", source: "" };
}

// Three numbers a point.
function readSamples(series) {
  const points = [];
  for (let i = 0; i < series.points.length; i += 3) {
    const [t, a, r] = series.points.slice(i, i + 3);
    points.push({ t, a, r });
  }
  return { ...series, points };
}

// Frames of one function differ by their line; folding groups by function.
function functionNumbers(frames) {
  const numbers = new Map();
  return Int32Array.from(frames, (frame) => {
    const key = frame.p + "\n" + frame.f;
    if (!numbers.has(key)) numbers.set(key, numbers.size);
    return numbers.get(key);
  });
}

// What a fold may join.
function isLibrary(frame) {
  return ["library", "stdlib", "native"].includes(frame.o);
}

function isUser(frame) {
  return frame.o === "user";
}

// What a library frame belongs to: its package, else its file.
function packageOf(frame) {
  return frame.g || frame.p.split("/").pop() || frame.f;
}

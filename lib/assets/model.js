// The JSON model (docs/design/report.md) in typed arrays, with the sums the page needs.
// Node 0 is the root; parents come before their children, so one backward pass sums a tree.

function readModel(json) {
  const tree = json.tree;
  const model = {
    facts: json.facts,
    lines: json.lines,
    frames: json.frames,
    hidden: json.hidden,
    mappings: json.mappings || [],
    parent: Int32Array.from(tree.parent),
    frame: Int32Array.from(tree.frame),
    self: Float64Array.from(tree.self),
    allocations: Float64Array.from(tree.allocations),
  };
  model.total = Float64Array.from(model.self);
  model.allocationsBelow = Float64Array.from(model.allocations);
  for (let i = model.parent.length - 1; i > 0; --i) {
    model.total[model.parent[i]] += model.total[i];
    model.allocationsBelow[model.parent[i]] += model.allocationsBelow[i];
  }
  model.functionOf = functionNumbers(model.frames);
  readLines(model);
  return model;
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

function isUser(frame) {
  return frame.o === "user";
}

// What a library frame belongs to: its package, else its file's stem ("importlib._bootstrap").
function packageOf(frame) {
  if (frame.g) return frame.g;
  const frozen = /^<frozen (.*)>$/.exec(frame.p);
  return frozen
    ? frozen[1]
    : frame.p
        .split("/")
        .pop()
        .replace(/\.pyc?$/, "");
}

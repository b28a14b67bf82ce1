// A view is the tree that is drawn: the model's tree (where recursion is joined already) with
// libraries folded if asked, or turned round so that leaves come first.
//
//   parent, total, self, allocations   as in the model; node 0 is the root, parents come first
//   frame      the frame a node shows (of its outermost one, if it joins several)
//   joined     how many frames one on top of the other it joins, at most (1: just its own)
//   folded     1: it joins library frames; 0 with joined > 1: it joins a recursion, and
//   next       is the frame that follows in a recursion through several functions, -1 if there is
//              none; period: how many of them, 0 of frames that only call the next
//   at, first  callers first only: the view node of each node of the model; the first of a view node's
//   own        callers first only: allocations of a node itself
//   equals     callers first only: the process that a node of equal ones begins with
//   bases      leaves first only: for each node, the nodes of the view it was made from

function emptyView() {
  return {
    parent: [0],
    total: [0],
    self: [0],
    allocations: [0],
    frame: [-1],
    joined: [1],
    folded: [0],
    next: [-1],
    period: [1],
  };
}

function addNode(view, parent, frame, folded) {
  view.parent.push(parent);
  view.total.push(0);
  view.self.push(0);
  view.allocations.push(0);
  view.frame.push(frame);
  view.joined.push(1);
  view.folded.push(folded);
  view.next.push(-1);
  view.period.push(1);
  return view.parent.length - 1;
}

// Callers first. Consecutive library frames become one node below the user's line that called them,
// one for each function called. `open` holds the first nodes of those that the reader opened: these
// show each of their frames. Processes stand for themselves, equal "workers" as one, or all are
// put "together".
function callersFirst(model, fold, open, by) {
  const view = emptyView();
  view.first = [0];
  view.equals = new Map();
  const { parent, frame, frames } = model;
  const n = parent.length;
  const at = new Int32Array(n);
  const depth = new Int32Array(n); // of a model's node inside its view node
  const children = new Map();
  const keys = 2 * frames.length + 1;
  const opened = new Uint8Array(n);
  const openKeys = new Set();
  depth[0] = 1;
  for (let i = 1; i < n; ++i) {
    const above = at[parent[i]];
    const process = model.processOf[frame[i]];
    if (process >= 0 && by === "together") continue; // it is the root
    const one = process >= 0 && by === "workers" ? firstEqual(model, process) : process;
    const f = one === process ? frame[i] : model.facts.processes[one].frame;
    let library = fold && isLibrary(frames[f]) ? 1 : 0;
    if (library && !view.folded[above]) {
      const key = above * keys + model.functionOf[f];
      if (open.has(i)) openKeys.add(key);
      opened[i] = opened[parent[i]] || openKeys.has(key) ? 1 : 0;
      library = 1 - opened[i];
    }
    const recursion = model.recursions.get(i);
    const times = recursion ? recursion.times : 1;
    if (above > 0 && library && view.folded[above]) {
      at[i] = above;
      depth[i] = depth[parent[i]] + times;
      if (depth[i] > view.joined[above]) view.joined[above] = depth[i];
      continue;
    }
    const key = above * keys + (library ? frames.length + model.functionOf[f] : f);
    let node = children.get(key);
    if (node === undefined) {
      node = addNode(view, above, f, library);
      children.set(key, node);
      view.first.push(i);
      if (process >= 0 && by === "workers" && equalsOf(model, process).length > 1) view.equals.set(node, one);
    }
    if (recursion && recursion.period !== 1 && !library) {
      view.next[node] = recursion.next;
      view.period[node] = recursion.period;
    }
    at[i] = node;
    depth[i] = times;
    if (times > view.joined[node]) view.joined[node] = times;
  }
  for (let i = 0; i < n; ++i) {
    view.self[at[i]] += model.self[i];
    view.total[at[i]] += model.self[i];
    view.allocations[at[i]] += model.allocations[i];
  }
  view.own = view.allocations.slice();
  for (let i = view.parent.length - 1; i > 0; --i) {
    view.total[view.parent[i]] += view.total[i];
    view.allocations[view.parent[i]] += view.allocations[i];
  }
  view.at = at;
  return view;
}

// The process that a node begins with, if it stands for equal ones; -1 of any other.
function equalsAt(view, node) {
  const base = view.bases ? view.bases[node][0] : node;
  return (view.base || view).equals.get(base) ?? -1;
}

function isFold(view, node) {
  return view.folded[node] === 1 && view.joined[node] > 1;
}

// The nodes of the model where a view node begins: those that `open` of callersFirst() takes.
function firstOf(view, node) {
  return view.bases ? view.bases[node].map((v) => view.base.first[v]) : [view.first[node]];
}

// The node of another view that shows what `node` of `view` shows; 0 if none does.
function sameNode(view, node, other) {
  const [first] = node > 0 ? firstOf(view, node) : [0];
  if (!other.bases) return view.bases ? 0 : other.at[first];
  const isSame = (total, i) =>
    i > 0 &&
    total === view.total[node] &&
    other.frame[i] === view.frame[node] &&
    firstOf(other, i).includes(first);
  return node > 0 && view.bases ? Math.max(other.total.findIndex(isSame), 0) : 0;
}

// The node below which all of `nodes` are.
function aboveAll(view, nodes) {
  return nodes.reduce((a, b) => {
    while (a !== b) {
      if (view.depth[a] > view.depth[b]) a = view.parent[a];
      else if (view.depth[b] > view.depth[a]) b = view.parent[b];
      else [a, b] = [view.parent[a], view.parent[b]];
    }
    return a;
  });
}

// Leaves first: every callstack of `view` read from its end, so that what is allocated by one line
// for many callers comes together. Branches below a least share of the whole are left out. A node is of
// one line, whether it stands for a recursion or not (leaves_first.hpp does the same).
function leavesFirst(model, view) {
  const turned = emptyView();
  const least = view.total[0] * model.leastTurned;
  const keys = 2 * model.frames.length + 1;
  turned.total[0] = view.total[0];
  turned.allocations[0] = view.allocations[0];
  turned.bases = [[]];
  const leaves = [];
  for (let i = 1; i < view.parent.length; ++i) if (view.self[i] > 0) leaves.push(i);
  turned.self[0] = view.self[0];
  // Each entry of `open` is a node and its callstacks: the leaf, and how far up they were followed.
  const open = [{ node: 0, leaves, now: leaves }];
  while (open.length > 0) {
    const group = open.pop();
    const parts = new Map();
    for (let k = 0; k < group.now.length; ++k) {
      const v = group.now[k];
      if (v === 0) continue;
      const f = view.frame[v];
      const isChain = view.joined[v] > 1 && view.period[v] === 0;
      const key = view.folded[v] ? keys + model.functionOf[f] : 2 * f + isChain;
      let part = parts.get(key);
      if (part === undefined) {
        part = {
          first: v,
          deepest: v,
          bytes: 0,
          allocations: 0,
          ended: 0,
          leaves: [],
          now: [],
          bases: [],
        };
        parts.set(key, part);
      }
      const leaf = group.leaves[k];
      part.bytes += view.self[leaf];
      part.allocations += view.own[leaf];
      if (view.joined[v] > view.joined[part.deepest]) part.deepest = v;
      if (view.parent[v] === 0) part.ended += view.self[leaf];
      part.leaves.push(leaf);
      part.now.push(view.parent[v]);
      part.bases.push(v);
    }
    for (const part of parts.values()) {
      if (part.bytes < least) continue;
      const node = addNode(turned, group.node, view.frame[part.first], view.folded[part.first]);
      turned.total[node] = part.bytes;
      turned.self[node] = part.ended;
      turned.allocations[node] = part.allocations;
      turned.joined[node] = view.joined[part.deepest];
      turned.next[node] = view.next[part.deepest];
      turned.period[node] = view.period[part.deepest];
      turned.bases[node] = part.bases;
      open.push({ node, leaves: part.leaves, now: part.now });
    }
  }
  return turned;
}

// Positions: for each depth its nodes from left to right, heaviest sibling first; x in bytes.
function layOut(view) {
  const n = view.parent.length;
  const first = new Int32Array(n).fill(-1);
  const next = new Int32Array(n).fill(-1);
  for (let i = n - 1; i > 0; --i) {
    next[i] = first[view.parent[i]];
    first[view.parent[i]] = i;
  }
  view.x = new Float64Array(n);
  view.depth = new Int32Array(n);
  view.place = new Int32Array(n); // among the nodes of its depth
  view.levels = [];
  let level = [0];
  while (level.length > 0) {
    view.levels.push(Int32Array.from(level));
    const below = [];
    for (const node of level) {
      const children = [];
      for (let c = first[node]; c >= 0; c = next[c]) if (view.total[c] > 0) children.push(c);
      if (children.length > 1) children.sort((a, b) => view.total[b] - view.total[a] || a - b);
      let x = view.x[node];
      for (const c of children) {
        view.x[c] = x;
        view.depth[c] = view.levels.length;
        view.place[c] = below.length;
        x += view.total[c];
        below.push(c);
      }
    }
    level = below;
  }
  return view;
}

// The nodes of one depth that lie inside `zoom` and are at least `least` bytes wide.
function nodesInside(view, depth, zoom, least) {
  const level = view.levels[depth];
  if (!level) return [];
  const left = view.x[zoom];
  const right = left + view.total[zoom];
  let low = 0;
  let high = level.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (view.x[level[middle]] < left) low = middle + 1;
    else high = middle;
  }
  const found = [];
  for (; low < level.length && view.x[level[low]] < right; ++low) {
    if (view.total[level[low]] >= least) found.push(level[low]);
  }
  return found;
}

// What a node of a view is called, in the graph, in the breadcrumb and in the tooltip.

// {name, path, line}: the parts that cutLabel() fits into a box; `short` is the name if it must be.
function labelOf(model, view, node) {
  if (node === 0)
    return { name: rootText(model) + "  " + mib(view.total[0]), path: "", line: "", short: [] };
  const frame = model.frames[view.frame[node]];
  if (frame.o === "process") return processLabel(model, view, node);
  if (!isFold(view, node)) return frameLabel(frame, recursionText(model, view, node));
  const { outer, inner } = endsOf(model, view, node);
  const name = visible(packageOf(outer));
  return {
    name: name + " · " + count(view.joined[node]) + " frames",
    path: visible(inner.m ? inner.i : inner.f),
    line: "",
    short: [name],
  };
}

function rootText({ process }) {
  return process ? processText(process) : "all";
}

function processLabel(model, view, node) {
  const equals = equalsAt(view, node);
  const process = model.facts.processes[model.processOf[view.frame[node]]];
  const name = equals < 0 ? processText(process) : visible(equalsText(model, equals));
  return { name, path: "", line: "", short: [name] };
}

// The second line of a box, in `room` cells: the source; of a fold, its innermost frame.
function secondLine(model, view, node, room) {
  if (node === 0) return "";
  if (!isFold(view, node)) return cutSource(model.frames[view.frame[node]].s || "", room);
  const { inner } = endsOf(model, view, node);
  return inner.m ? cutPath(visible(inner.i), room) : cutLabel(frameLabel(inner, ""), room);
}

// Of folded frames those that say most: of the package that the user's line called (an import of
// pandas is pandas', not importlib's), and the last on the way; the first is often a mere wrapper.
function endsOf(model, view, node) {
  const chain = chainOf(model, view, node);
  const known = chain.filter((frame) => frame.o !== "stdlib" && frame.p !== "");
  const telling = known.length > 0 ? known : chain;
  return { outer: telling[0], inner: telling.at(-1) };
}

// " ×20,000", or " ⇄ generic_visit ×7,500" of a recursion through several functions; of many frames
// that only call the next, " … 19,801 frames".
function recursionText(model, view, node) {
  if (view.joined[node] < 2) return "";
  if (view.period[node] === 0) return " … " + count(view.joined[node]) + " frames";
  const next = view.next[node] < 0 ? "" : model.frames[view.next[node]].f;
  const others = next && next !== model.frames[view.frame[node]].f ? " ⇄ " + visible(next) : "";
  const more = others && view.period[node] > 2 ? " ⇄ …" : "";
  return others + more + " ×" + count(view.joined[node]);
}

// The frames that a folded node joins, along its heaviest way down, outermost first.
function chainOf(model, view, node) {
  if (!view.chains) view.chains = new Map();
  let chain = view.chains.get(node);
  if (chain === undefined) {
    const base = view.bases ? heaviest(view.base, view.bases[node]) : node;
    chain = heaviestChain(model, view.base || view, base);
    view.chains.set(node, chain);
  }
  return chain;
}

function heaviest(view, nodes) {
  return nodes.reduce((best, node) => (view.total[node] > view.total[best] ? node : best));
}

function heaviestChain(model, view, node) {
  const members = membersOf(view, node);
  const best = new Map(); // a model's node -> its heaviest child among the members
  let entry = -1;
  for (const i of members) {
    const above = model.parent[i];
    if (view.at[above] !== node) {
      if (entry < 0 || model.total[i] > model.total[entry]) entry = i;
    } else if (!best.has(above) || model.total[i] > model.total[best.get(above)]) {
      best.set(above, i);
    }
  }
  const chain = [];
  for (let i = entry; i !== undefined; i = best.get(i)) chain.push(model.frames[model.frame[i]]);
  return chain;
}

// The model's nodes that a view node of the callers-first tree joins.
function membersOf(view, node) {
  if (!view.members) {
    view.members = Array.from({ length: view.parent.length }, () => []);
    view.at.forEach((v, i) => view.members[v].push(i));
  }
  return view.members[node];
}

// Which nodes a search finds, and how much memory they hold together.

// What the boxes of some frames (by their numbers) hold together: what is below several counts once.
function bytesBelow(model, isFound) {
  const inside = new Uint8Array(model.parent.length);
  let bytes = 0;
  for (let i = 1; i < inside.length; ++i) {
    const above = inside[model.parent[i]];
    const found = isFound(model.frame[i]);
    inside[i] = above || found ? 1 : 0;
    if (found && !above) bytes += model.total[i];
  }
  return bytes;
}

// {frames: 1 for each frame found, text: how many and how much}; null if nothing is looked for.
function search(model, text) {
  const matches = frameMatcher(text);
  if (!matches) return null;
  const frames = Uint8Array.from(model.frames, (frame) => (matches(frame) ? 1 : 0));
  const found = frames.reduce((sum, f) => sum + f, 0);
  if (found === 0) return { frames, text: "nothing found" };
  const bytes = bytesBelow(model, (f) => frames[f]);
  const parts = [plural(found, "line", "lines"), mib(bytes), percent(bytes, model.total[0])];
  return { frames, text: parts.join(" \u00b7 ") };
}

// The same for one of the reader's lines, which counts what the graph leaves out.
function findLine(model, line) {
  const frames = new Uint8Array(model.frames.length);
  if (line.of !== undefined) {
    frames[line.threads] = 1;
    return { frames, text: `${threadsText(line)} \u00b7 ${mib(line.bytes)}` };
  }
  frames[line.frame] = 1;
  const where = visible(line.file).split("/").pop() + (line.line > 0 ? ":" + line.line : "");
  const shown = mib(bytesBelow(model, (f) => frames[f]));
  const part = shown !== mib(heldBy(line)) ? `, of which ${shown} shown here` : "";
  return { frames, text: `${where} \u00b7 ${mib(line.bytes)}${moreText(line)}${part}` };
}

// 1 for each node of a view that shows a found frame, or joins one.
function hitsIn(model, view, found) {
  const hits = new Uint8Array(view.parent.length);
  if (!found) return hits;
  if (view.bases) {
    const below = hitsIn(model, view.base, found);
    for (let i = 1; i < hits.length; ++i)
      hits[i] = view.bases[i].some((base) => below[base]) ? 1 : 0;
  } else {
    for (let i = 1; i < model.parent.length; ++i)
      if (found.frames[model.frame[i]]) hits[view.at[i]] = 1;
  }
  return hits;
}

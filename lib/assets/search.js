// Which nodes a search finds, and how much memory they hold together.

// A text is looked for in what the page shows of a frame, in either order that it shows it:
// "function path:line", "path:line function", and the source line. Upper and lower case are the
// same, and so is any blank. A line number at its end is whole: "flights.py:1" is not line 11.
function frameMatcher(text) {
  const plain = (words) => words.toLowerCase().replace(/\s+/g, " ");
  const wanted = plain(text.trim());
  if (wanted === "") return null;
  const number = /:\d+$/.test(wanted);
  const holds = (words) => {
    for (let at = words.indexOf(wanted); at >= 0; at = words.indexOf(wanted, at + 1)) {
      if (!number || !/\d/.test(words.charAt(at + wanted.length))) return true;
    }
    return false;
  };
  return (frame) => {
    const [name, where] = [visible(frame.f), visible(frame.p) + lineOf(frame)];
    return (
      holds(plain(name + " " + where + " " + name)) || holds(plain(sourceText(frame.s || "").trim()))
    );
  };
}

// {frames: 1 for each frame found, bytes, nodes}: bytes below several found frames count once.
function search(model, text) {
  const matches = frameMatcher(text);
  if (!matches) return null;
  const frames = Uint8Array.from(model.frames, (frame) => (matches(frame) ? 1 : 0));
  const inside = new Uint8Array(model.parent.length);
  let bytes = 0;
  for (let i = 1; i < inside.length; ++i) {
    const above = inside[model.parent[i]];
    const found = frames[model.frame[i]];
    inside[i] = above | found;
    if (found && !above) bytes += model.total[i];
  }
  return { text, frames, bytes, count: frames.reduce((sum, f) => sum + f, 0) };
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

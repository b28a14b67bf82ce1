// Whether a frame is one that a reader looks for, in the page and in the SVG.

// A text is looked for in what the page shows of a frame, in either order that it shows it:
// "function path:line", "path:line function", "path:line (function)", and the source line. Upper and lower case are the
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
      holds(plain(name + " " + where + " " + name)) ||
      holds(plain(where + " (" + name + ")")) ||
      holds(plain(sourceText(frame.s).trim()))
    );
  };
}

// The slider of a study: who held what at a moment of the trace. Everything else is in the page.
const data = JSON.parse(document.getElementById("moments").textContent);
const slider = document.getElementById("moment");
const held = document.getElementById("held");
const size = (bytes) =>
  bytes < 1024 ? `${bytes} B`
  : bytes < 52428.8 ? `${(bytes / 1024).toFixed(1)} KiB`
  : `${(bytes / 1048576).toFixed(1)} MiB`;
// A word of a shell.
const quoted = (text) => /^[\w./@%+=:,-]+$/.test(text) ? text : `'${text.replace(/'/g, `'\\''`)}'`;
function show() {
  const [milliseconds, live, events, lines] = data.moments[slider.value];
  const seconds = (milliseconds / 1000).toFixed(3);
  const then = `${size(live)} live after ${seconds} s`;
  document.getElementById("then").textContent = then;
  slider.setAttribute("aria-valuetext", then);
  document.getElementById("command").textContent =
    `fil-profile report --at ${seconds} ${quoted(data.trace)}`;
  const last = data.moments[data.moments.length - 1][2];
  const mark = document.getElementById("mark");
  for (const end of ["x1", "x2"]) mark.setAttribute(end, (960 * events) / last);
  held.replaceChildren(...lines.map(([name, bytes]) => {
    const row = document.createElement("tr");
    const where = document.createElement("th");
    where.scope = "row";
    where.className = "where";
    where.textContent = data.names[name];
    row.append(where);
    row.insertCell().textContent = size(bytes);
    const bar = document.createElement("i");
    bar.style.width = `${(100 * bytes) / Math.max(live, 1)}%`;
    const cell = row.insertCell();
    cell.className = "bar";
    cell.append(bar);
    return row;
  }));
}
if (data.moments.length > 0) {
  slider.max = data.moments.length - 1;
  const top = data.moments.reduce((best, one, i) => (one[1] > data.moments[best][1] ? i : best), 0);
  slider.value = top;
  slider.addEventListener("input", show);
  document.getElementById("slider").hidden = false;
  document.getElementById("curve").classList.add("live");
  show();
}

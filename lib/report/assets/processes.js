// Who held how much: a small table of processes, with their own peaks. A click shows one of them
// alone, in the graph and in the list of lines; another one shows all again.

const PROCESSES_SHOWN = 5;
const MANY_PROCESSES = 12; // boxes of more are too narrow to read: equal ones are one at first

// How they can be shown in one graph, first the way that the page begins with.
function waysToShow({ facts }) {
  if (facts.equals.length === 0) return ["each", "together"];
  const ways = ["each", "workers", "together"];
  return facts.processes.length > MANY_PROCESSES ? ["workers", "each", "together"] : ways;
}

class ProcessTable {
  // `choose` is called with a process's address.
  constructor(at, model, choose) {
    this.buttons = new Map();
    this.choose = choose;
    this.addresses = addressesOf(model.facts.processes);
    at.hidden = !areSeveral(model);
    if (at.hidden) return;
    const { processes, others } = model.facts;
    this.most = Math.max(...processes.map(({ bytes }) => bytes), 1);
    const rows = processes.map((process, i) => this.row(process, this.addresses[i], model));
    const table = el("ol", { class: "lines processes" }, ...rows.slice(0, PROCESSES_SHOWN));
    at.replaceChildren(
      el("h2", {}, "Processes " + (isPeak(model.facts) ? "at the peak" : when(model.facts))),
      table,
      rows.length > PROCESSES_SHOWN ? this.more(table, rows.slice(PROCESSES_SHOWN)) : "",
      others.count > 0 ? el("p", { class: "quiet rest" }, othersText(others)) : "",
    );
  }

  row(process, address, model) {
    const { pid, bytes, note, equals } = process;
    const isWorker = equals >= 0 && model.facts.equals[equals].startsWith("workers of ");
    const more = [ownPeakText(process), note && visible(note)].filter(Boolean).join(" \u00b7 ");
    const button = el(
      "button",
      { type: "button", class: "line", "aria-pressed": "false", title: count(bytes) + " bytes" },
      ...rowCells(bytes, model.whole, this.most),
      el("span", { class: "where" }, bdi(visible(process.name)), el("span", { class: "quiet" }, " pid " + pid + (isWorker ? ", worker" : ""))),
      el("span", { class: "own quiet" }, more),
    );
    button.addEventListener("click", () => this.choose(address));
    this.buttons.set(address, button);
    return el("li", {}, button);
  }

  more(table, rows) {
    const words = "show " + plural(rows.length, "more process", "more processes");
    const button = el("button", { type: "button", class: "more" }, words);
    this.showAll = () => {
      table.append(...rows);
      button.remove();
    };
    button.addEventListener("click", this.showAll);
    return button;
  }

  // 0: none alone.
  mark(address) {
    for (const [of, button] of this.buttons) button.setAttribute("aria-pressed", of === address);
    const chosen = this.buttons.get(address);
    if (chosen && !chosen.isConnected) this.showAll();
  }
}

// "own peak 44.0 MiB at 310 ms"
function ownPeakText({ peak, peakSeconds }) {
  return "own peak " + mib(peak) + (peakSeconds >= 0 ? " at " + seconds(peakSeconds) : "");
}

function othersText({ count: number, most }) {
  const words = plural(number, "other", "others") + " held nothing at that moment";
  return words + (most > 0 ? `, and ${number === 1 ? "" : "each "}at most ${mib(most)} before or after.` : ".");
}

// A subsection as a grid of seats, for click, touch, keyboard and screen reader.

import { h, put, setText } from "./dom.js";
import { room, seatWindow } from "./seat-window.js";
import { money } from "./words.js";

const STATUS_WORDS = { available: "available", reserved: "held by somebody", sold: "sold", blocked: "not for sale" };
const KIND_WORDS = { accessible: "wheelchair space", companion: "companion seat" };
const TONES = 6;

export const positionOf = (seat) => `${seat.row}-${seat.seat}`;

/** `toggle(position)` is called when a seat that `mayChoose(seat)` is clicked or chosen by key. Of a
    large map only what is in sight is drawn; `seat-window.js` tells what that is. */
export function seatMap({ label, mayChoose, toggle }) {
  const grid = h("div", { class: "seats", role: "grid", "aria-label": label, "aria-multiselectable": "true" });
  const element = h("div", { class: "seat-frame" }, h("div", { class: "stage", "aria-hidden": "true" }, "STAGE"), grid);
  const sight = seatWindow(element, grid, drawPart);
  let map = null;
  let seats = [];
  // What is drawn: the rows by number, from 0, each from a seat to a seat, and the seats by index.
  const lines = new Map();
  const buttons = new Map();
  let current = 0;
  let chosen = new Set();
  let mine = new Set();
  let isHandingOver = false;

  function build() {
    seats = map.seats;
    lines.clear();
    buttons.clear();
    put(grid);
    grid.style.setProperty("--across", map.seats_per_row);
    current = Math.max(
      0,
      seats.findIndex((seat) => seat.status === "available"),
    );
    grid.setAttribute("aria-rowcount", map.rows);
    grid.setAttribute("aria-colcount", map.seats_per_row + 1);
    sight.begin(map.rows, map.seats_per_row);
  }

  // --- What is drawn ---

  function drawPart(part) {
    const focused = document.activeElement;
    const isFocused = grid.contains(focused);
    for (const [row, line] of lines) {
      if (row >= part.top && row < part.bottom) continue;
      cut(row, line, part.left, part.left);
      line.element.remove();
      lines.delete(row);
    }
    let next = grid.firstElementChild;
    for (let row = part.top; row < part.bottom; row += 1) {
      let line = lines.get(row);
      if (line) next = line.element.nextElementSibling;
      else {
        line = { element: newRow(row), left: part.left, right: part.left };
        lines.set(row, line);
        grid.insertBefore(line.element, next);
      }
      cut(row, line, part.left, part.right);
      line.element.firstElementChild.after(...newSeats(row, part.left, line.left));
      line.element.append(...newSeats(row, line.right, part.right));
      [line.left, line.right] = [part.left, part.right];
      if (!sight.isWhole()) indent(line);
    }
    // One stop for the keyboard: the seat, or the map as long as that seat is out of sight.
    const stop = buttons.get(current);
    if (stop) grid.removeAttribute("tabindex");
    else grid.tabIndex = 0;
    if (isFocused && document.activeElement !== focused) focusOn(stop ?? grid);
    else if (focused === grid && stop) focusOn(stop);
  }

  /** Leave room for the seats of a row that stand before those that are drawn. */
  function indent(line) {
    const first = line.element.children[1];
    if (first !== line.first) line.first?.style.removeProperty("margin-left");
    first.style.marginLeft = room(line.left);
    line.first = first;
  }

  function focusOn(target) {
    isHandingOver = true;
    target.focus({ preventScroll: true });
    isHandingOver = false;
  }

  /** Take the seats out of a row that are not in a part of it. */
  function cut(row, line, left, right) {
    for (let column = line.left; column < line.right; column += 1) {
      if (column >= left && column < right) continue;
      const index = row * map.seats_per_row + column;
      buttons.get(index).remove();
      buttons.delete(index);
    }
    line.left = Math.max(line.left, left);
    line.right = Math.min(line.right, right);
    if (line.left >= line.right) line.left = line.right = left;
  }

  function newRow(row) {
    return h(
      "div",
      { role: "row", "aria-rowindex": sight.isWhole() ? null : row + 1 },
      h("span", { role: "rowheader", "aria-label": `Row ${row + 1}` }, row + 1),
    );
  }

  function newSeats(row, left, right) {
    const made = [];
    for (let column = left; column < right; column += 1) {
      const index = row * map.seats_per_row + column;
      const button = h(
        "button",
        {
          type: "button",
          class: "seat",
          role: "gridcell",
          tabindex: index === current ? "0" : "-1",
          "aria-selected": "false",
          "aria-colindex": sight.isWhole() ? null : column + 2,
          "data-index": index,
        },
        h("span", { "aria-hidden": "true" }, seats[index].seat),
      );
      buttons.set(index, button);
      paint(index);
      made.push(button);
    }
    return made;
  }

  function paint(index) {
    const [seat, button] = [seats[index], buttons.get(index)];
    if (!button) return;
    const position = positionOf(seat);
    const isMine = mine.has(position);
    button.dataset.status = seat.status;
    button.dataset.tone = priceOf(map, seat).tone;
    if (seat.kind) button.dataset.kind = seat.kind;
    button.toggleAttribute("data-mine", isMine);
    const words = [
      `Row ${seat.row}, seat ${seat.seat}`,
      KIND_WORDS[seat.kind],
      seat.category,
      isMine ? "yours" : (STATUS_WORDS[seat.status] ?? seat.status),
      priceOf(map, seat).text,
    ];
    const name = words.filter(Boolean).join(", ");
    if (button.getAttribute("aria-label") !== name) {
      button.setAttribute("aria-label", name);
      button.title = name;
    }
    button.setAttribute("aria-selected", String(chosen.has(position)));
    if (mayChoose(seat)) button.removeAttribute("aria-disabled");
    else button.setAttribute("aria-disabled", "true");
  }

  // --- Moving about ---

  function stopAt(index) {
    const before = buttons.get(current);
    if (before) before.tabIndex = -1;
    current = index;
  }

  function moveTo(index) {
    stopAt(index);
    const isFar = !buttons.has(index);
    if (isFar) sight.lookAt(Math.floor(index / map.seats_per_row), index % map.seats_per_row);
    const button = buttons.get(index);
    button.tabIndex = 0;
    button.focus();
    // What was drawn only now may have the focus since then.
    if (isFar) button.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  grid.addEventListener("click", (event) => {
    const button = event.target.closest(".seat");
    if (!button) return;
    const index = Number(button.dataset.index);
    stopAt(index);
    button.tabIndex = 0;
    grid.removeAttribute("tabindex");
    if (mayChoose(seats[index])) toggle(positionOf(seats[index]));
  });

  // Whoever comes to the map by keyboard comes to a seat, and is shown where that is.
  grid.addEventListener("focus", () => {
    if (!isHandingOver && grid.matches(":focus-visible")) moveTo(current);
  });

  grid.addEventListener("keydown", (event) => {
    if (event.altKey || event.metaKey) return;
    const width = map.seats_per_row;
    const column = current % width;
    const start = current - column;
    const targets = {
      ArrowRight: column < width - 1 ? current + 1 : current,
      ArrowLeft: column > 0 ? current - 1 : current,
      ArrowDown: current + width < seats.length ? current + width : current,
      ArrowUp: current - width >= 0 ? current - width : current,
      Home: event.ctrlKey ? 0 : start,
      End: event.ctrlKey ? seats.length - 1 : start + width - 1,
      PageDown: Math.min(current + 5 * width, seats.length - width + column),
      PageUp: Math.max(current - 5 * width, column),
      // A seat that was moved out of sight is shown before it is chosen.
      ...(event.target === grid && { Enter: current, " ": current }),
    };
    if (!(event.key in targets)) return;
    event.preventDefault();
    moveTo(targets[event.key]);
  });

  return {
    element,
    /** Show another state of the same map; returns the seats whose status has changed. */
    show(next) {
      if (!map || next.seats.length !== seats.length) {
        map = next;
        build();
        return [];
      }
      const changed = [];
      map = next;
      next.seats.forEach((seat, index) => {
        const before = seats[index];
        if (
          before.status === seat.status &&
          before.price === seat.price &&
          before.kind === seat.kind &&
          before.category === seat.category
        )
          return;
        seats[index] = seat;
        paint(index);
        if (before.status !== seat.status) {
          changed.push(seat);
          const button = buttons.get(index);
          if (!button) return;
          button.classList.remove("changed");
          requestAnimationFrame(() => button.classList.add("changed"));
        }
      });
      return changed;
    },
    /** Mark the seats that are chosen, and those that are one's own. */
    mark(nextChosen, nextMine = mine) {
      const touched = [...chosen, ...nextChosen, ...mine, ...nextMine];
      [chosen, mine] = [new Set(nextChosen), new Set(nextMine)];
      for (const position of new Set(touched)) {
        const index = this.indexOf(position);
        if (index >= 0) paint(index);
      }
    },
    seat: (position) => seats[indexIn(map, position)],
    indexOf: (position) => indexIn(map, position),
  };
}

function indexIn(map, position) {
  if (!map) return -1;
  const [row, seat] = position.split("-").map(Number);
  const isInside = row >= 1 && row <= map.rows && seat >= 1 && seat <= map.seats_per_row;
  return isInside ? (row - 1) * map.seats_per_row + seat - 1 : -1;
}

const known = new WeakMap();

/** The prices of a map by name, `{name, price, tone, text}`: the section's own, if any seat has it,
    with the name null. */
function pricesOf(map) {
  if (!known.has(map)) {
    const found = new Map();
    for (const { category: name = null, price } of map.seats) {
      if (found.has(name)) continue;
      found.set(name, { name, price, tone: (found.size % TONES) + 1, text: money(price, map.currency) });
    }
    known.set(map, found);
  }
  return known.get(map);
}

const priceOf = (map, seat) => pricesOf(map).get(seat.category ?? null);

export const categories = (map) => [...pricesOf(map).values()];

/** What the marks on a map mean: only those that it has. */
export function legend(map, { hasOwn = false } = {}) {
  const prices = categories(map);
  const kinds = new Set(map.seats.map((seat) => seat.kind).filter(Boolean));
  const mark = (attributes, text) =>
    h("li", {}, h("span", { class: "seat", "aria-hidden": "true", ...attributes }), text);
  return h(
    "ul",
    { class: "legend", "aria-label": "What the seats' marks mean" },
    prices.map(({ name, tone, text }) =>
      mark(
        { "data-status": "available", "data-tone": tone },
        `${name ?? (prices.length > 1 ? "Other seats" : "Free")}, ${text}`,
      ),
    ),
    mark({ "data-status": "available", "aria-selected": "true" }, "Your choice"),
    hasOwn && mark({ "data-status": "reserved", "data-mine": true }, "Yours already"),
    mark({ "data-status": "reserved" }, "Held by somebody"),
    mark({ "data-status": "sold" }, "Sold"),
    map.seats.some((seat) => seat.status === "blocked") && mark({ "data-status": "blocked" }, "Not for sale"),
    kinds.has("accessible") && mark({ "data-status": "available", "data-kind": "accessible" }, "Wheelchair space"),
    kinds.has("companion") && mark({ "data-status": "available", "data-kind": "companion" }, "Companion seat"),
  );
}

/** A line below the map that tells of changes. */
export function tellChanges(place, changed) {
  const taken = changed.filter((seat) => seat.status !== "available").length;
  const freed = changed.length - taken;
  const parts = [taken && `${taken} just taken`, freed && `${freed} just became free`].filter(Boolean);
  if (parts.length) setText(place, parts.join(", "));
}

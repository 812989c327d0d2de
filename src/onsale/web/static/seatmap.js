// A subsection as a grid of seats, for click, touch, keyboard and screen reader.

import { h, put, setText } from "./dom.js";
import { money } from "./words.js";

const STATUS_WORDS = { available: "available", reserved: "held by somebody", sold: "sold", blocked: "not for sale" };
const KIND_WORDS = { accessible: "wheelchair space", companion: "companion seat" };
const TONES = 6;

export const positionOf = (seat) => `${seat.row}-${seat.seat}`;

/** `toggle(position)` is called when a seat that `mayChoose(seat)` is clicked or chosen by key. */
export function seatMap({ label, mayChoose, toggle }) {
  const grid = h("div", { class: "seats", role: "grid", "aria-label": label, "aria-multiselectable": "true" });
  const element = h("div", { class: "seat-frame" }, h("div", { class: "stage", "aria-hidden": "true" }, "STAGE"), grid);
  let map = null;
  let buttons = [];
  let seats = [];
  let current = 0;
  let chosen = new Set();
  let mine = new Set();

  function build() {
    seats = map.seats;
    buttons = seats.map((seat, index) =>
      h(
        "button",
        {
          type: "button",
          class: "seat",
          role: "gridcell",
          tabindex: "-1",
          "aria-selected": "false",
          "data-index": index,
        },
        h("span", { "aria-hidden": "true" }, seat.seat),
      ),
    );
    const rows = [];
    for (let row = 0; row < map.rows; row += 1) {
      rows.push(
        h(
          "div",
          { role: "row" },
          h("span", { role: "rowheader", "aria-label": `Row ${row + 1}` }, row + 1),
          buttons.slice(row * map.seats_per_row, (row + 1) * map.seats_per_row),
        ),
      );
    }
    grid.style.setProperty("--across", map.seats_per_row);
    put(grid, rows);
    seats.forEach((_, index) => paint(index));
    const firstFree = seats.findIndex((seat) => seat.status === "available");
    current = Math.max(0, firstFree);
    buttons[current].tabIndex = 0;
  }

  function paint(index) {
    const [seat, button] = [seats[index], buttons[index]];
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

  function moveTo(index) {
    if (index < 0 || index >= buttons.length) return;
    buttons[current].tabIndex = -1;
    current = index;
    buttons[current].tabIndex = 0;
    buttons[current].focus();
  }

  grid.addEventListener("click", (event) => {
    const button = event.target.closest(".seat");
    if (!button) return;
    const index = Number(button.dataset.index);
    buttons[current].tabIndex = -1;
    current = index;
    button.tabIndex = 0;
    if (mayChoose(seats[index])) toggle(positionOf(seats[index]));
  });

  grid.addEventListener("keydown", (event) => {
    if (!event.target.closest(".seat") || event.altKey || event.metaKey) return;
    const width = map.seats_per_row;
    const column = current % width;
    const start = current - column;
    const targets = {
      ArrowRight: column < width - 1 ? current + 1 : current,
      ArrowLeft: column > 0 ? current - 1 : current,
      ArrowDown: current + width < buttons.length ? current + width : current,
      ArrowUp: current - width >= 0 ? current - width : current,
      Home: event.ctrlKey ? 0 : start,
      End: event.ctrlKey ? buttons.length - 1 : start + width - 1,
      PageDown: Math.min(current + 5 * width, buttons.length - width + column),
      PageUp: Math.max(current - 5 * width, column),
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
          const { classList } = buttons[index];
          classList.remove("changed");
          requestAnimationFrame(() => classList.add("changed"));
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

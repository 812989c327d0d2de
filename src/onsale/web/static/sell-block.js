// Takes seats out of the sale, and puts them back.

import { call, pause, read } from "./api.js";
import { field, h, put, setText } from "./dom.js";
import { mapReader } from "./seat-reader.js";
import { legend, positionOf, seatMap } from "./seatmap.js";
import { notice, say } from "./shell.js";
import { explained, plural } from "./words.js";

const LOOK_EVERY_MS = 334;
const SEEN_ATTEMPTS_MAX = 30;

/** Seats of one part at a time, folded until it is asked for. `event` has the parts; `again(sections)` tells
    of those that have changed; without them, whatever is shown is read again. */
export function blocking(event) {
  const part = field(
    "block-part",
    "Part",
    h(
      "select",
      {},
      event.sections.map((one, index) => h("option", { value: String(index) }, `${one.section} ${one.subsection}`)),
    ),
  );
  const place = h("div", { class: "stack" });
  const told = h("div", {});
  const details = h(
    "details",
    { class: "panel" },
    h("summary", {}, h("h2", {}, "Block seats, or free them")),
    h(
      "div",
      { class: "stack" },
      h(
        "p",
        { class: "soft" },
        "Blocked seats are not for sale: for technicians, guests, or a row that is taken out.",
      ),
      h("div", { class: "fields" }, part.box),
      told,
      place,
    ),
  );
  let opened = null;
  let openings = 0;
  const open = () => {
    if (details.open) {
      openings += 1;
      const opening = openings;
      opened = openMap(event.id, event.sections[Number(part.control.value)], {
        place,
        told,
        isLast: () => opening === openings,
      });
    }
  };
  details.addEventListener("toggle", open);
  part.control.addEventListener("change", open);
  return {
    element: details,
    again(sections) {
      if (details.open) opened?.then((again) => again?.(sections));
    },
  };
}

/** Shows the seats of a part; gives what is to be told of parts that have changed. If it is not the last that
    was opened once its map is here, the place is another's. */
async function openMap(id, part, { place, told, isLast }) {
  const base = `/api/event/${id}/sections/${encodeURIComponent(part.section)}/subsection/${part.subsection}`;
  put(told);
  let map;
  try {
    map = await read(`${base}/seats`);
  } catch (error) {
    if (isLast()) put(place, notice("bad", h("p", {}, explained(error))));
    return null;
  }
  if (!isLast()) return null;
  let chosen = [];
  const block = h("button", {
    class: "button primary",
    type: "button",
    on: { click: () => send("block", of("available")) },
  });
  const free = h("button", {
    class: "button",
    type: "button",
    on: { click: () => send("unblock", of("blocked")) },
  });
  const marks = h("div", {}, legend(map));
  const row = field(
    "block-row",
    "A whole row",
    h(
      "select",
      { on: { change: () => showRow() } },
      Array.from({ length: map.rows }, (_, index) => h("option", { value: String(index + 1) }, `Row ${index + 1}`)),
    ),
  );
  const blockRow = h("button", {
    class: "button",
    type: "button",
    on: { click: () => send("block", inRow("available")) },
  });
  const freeRow = h("button", {
    class: "button",
    type: "button",
    on: { click: () => send("unblock", inRow("blocked")) },
  });
  const seats = seatMap({
    label: `Seats of ${part.section} ${part.subsection}. Arrow keys move, space chooses.`,
    mayChoose: (seat) => seat.status === "available" || seat.status === "blocked",
    toggle: (position) => {
      choose(chosen.includes(position) ? chosen.filter((one) => one !== position) : [...chosen, position]);
      say(`${plural(chosen.length, "seat")} chosen`);
    },
  });
  let isSending = false;
  const of = (status) => chosen.filter((position) => seats.seat(position).status === status);
  const inRow = (status) =>
    map.seats
      .filter((seat) => seat.row === Number(row.control.value) && seat.status === status)
      .map(positionOf);
  const showRow = () => {
    const [toBlock, toFree] = [inRow("available").length, inRow("blocked").length];
    setText(blockRow, `Block the row, ${plural(toBlock, "seat")}`);
    setText(freeRow, `Free the row, ${plural(toFree, "seat")}`);
    blockRow.disabled = isSending || toBlock === 0;
    freeRow.disabled = isSending || toFree === 0;
  };
  const choose = (positions) => {
    chosen = positions;
    seats.mark(chosen);
    const [toBlock, toFree] = [of("available").length, of("blocked").length];
    setText(block, `Block ${plural(toBlock, "seat")}`);
    setText(free, `Free ${plural(toFree, "blocked seat")}`);
    block.disabled = isSending || toBlock === 0;
    free.disabled = isSending || toFree === 0;
    showRow();
  };
  const reread = mapReader(async () => {
    const next = await read(`${base}/seats`).catch(() => null);
    if (!next) return null;
    map = next;
    if (seats.show(map).length) put(marks, legend(map));
    choose(chosen.filter((position) => ["available", "blocked"].includes(seats.seat(position).status)));
    return next;
  });

  /** One change after the other: until the map shows it, a second click would ask for it again. */
  async function send(what, positions) {
    isSending = true;
    choose(chosen);
    try {
      await setBlocked(what, positions);
    } finally {
      isSending = false;
      choose(chosen);
    }
  }

  async function setBlocked(what, positions) {
    try {
      await call("POST", `${base}/${what}`, { body: { seats: positions } });
      choose(chosen.filter((one) => !positions.includes(one)));
      put(
        told,
        notice(
          "",
          h(
            "p",
            {},
            what === "block"
              ? `${plural(positions.length, "seat is", "seats are")} blocked.`
              : `${plural(positions.length, "seat is", "seats are")} for sale again.`,
          ),
        ),
      );
    } catch (error) {
      put(told, notice("bad", h("p", {}, explained(error))));
      reread();
      return;
    }
    // The seats are loaded anew in a moment, and are shown as they were until then.
    const status = what === "block" ? "blocked" : "available";
    for (let attempts = 1; attempts <= SEEN_ATTEMPTS_MAX && seats.element.isConnected; attempts += 1) {
      await reread();
      if (positions.every((position) => seats.seat(position).status === status)) return;
      await pause(LOOK_EVERY_MS / 1000);
    }
  }

  put(
    place,
    marks,
    seats.element,
    h("div", { class: "row" }, block, free),
    h("div", { class: "row" }, row.box, blockRow, freeRow),
  );
  seats.show(map);
  choose([]);
  return (changed) => {
    const counts = changed?.find((one) => one.section === part.section && one.subsection === part.subsection);
    if (counts || !changed) reread(counts);
  };
}

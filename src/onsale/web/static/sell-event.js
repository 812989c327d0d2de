import { call, pause, read } from "./api.js";
import { draw, field, h, put, setText, typed } from "./dom.js";
import { refusedField } from "./event-fields.js";
import { follow, paced } from "./live.js";
import { saleState } from "./sale.js";
import { legend, positionOf, seatMap } from "./seatmap.js";
import { settings } from "./sell-settings.js";
import { address, notice, page, say, title } from "./shell.js";
import { count, day, explained, money, plural } from "./words.js";

const READ_EVERY_MS_MIN = 1000;
const READ_EVERY_MS = 5000;
const MAP_EVERY_MS_MIN = 334;

const SEEN_ATTEMPTS_MAX = 30;

page(
  async (main, user) => {
    const [, , id] = address();
    let [event, sales] = await Promise.all([read(`/api/event/${id}`), read(`/api/event/${id}/sales`)]);

    const state = h("span", { class: "pill" });
    const live = h("span", { class: "live", "data-state": "off" }, "Connecting");
    const answer = h("div", {});
    const tiles = h("dl", { class: "tiles" });
    const chart = h("div", {});
    const table = h("div", { class: "scroll-x", tabindex: "0", role: "region", "aria-label": "Sales by part" });
    const publish = h("button", {
      class: "button",
      type: "button",
      on: {
        click: () =>
          change({ is_active: !event.is_active }, event.is_active ? "Hidden from everybody." : "Everybody can see it."),
      },
    });
    const cancel = h(
      "button",
      { class: "button danger", type: "button", on: { click: () => askToCancel() } },
      "Cancel the event",
    );
    const forms = settings(() => event, change);
    const words = { name: h("h1", {}), place: h("p", { class: "soft" }) };
    const blockPanel = blocking();

    put(
      main,
      h(
        "header",
        { class: "heading" },
        h("p", { class: "crumbs" }, h("a", { href: "/sell" }, "Your events")),
        words.name,
        words.place,
        h("div", { class: "row" }, state, live),
      ),
      h(
        "div",
        { class: "stack wide" },
        answer,
        h(
          "div",
          { class: "row" },
          publish,
          h("a", { class: "button", href: `/events/${id}` }, "What buyers see"),
          h("a", { class: "button", href: `/door/${id}` }, "Open the door"),
          h("a", { class: "button", href: `/api/event/${id}/sales.csv`, download: true }, "Sales as CSV"),
          cancel,
        ),
        tiles,
        chart,
        h("section", { class: "panel stack", "aria-labelledby": "parts" }, h("h2", { id: "parts" }, "By part"), table),
        blockPanel,
        forms,
      ),
    );
    show();

    function show() {
      const sale = saleState(event);
      state.className = `pill ${sale.tone}`;
      setText(state, sale.label);
      setText(publish, event.is_active ? "Hide it" : "Publish it");
      const isCancelled = sale.name === "cancelled";
      publish.disabled = isCancelled;
      cancel.hidden = isCancelled;
      blockPanel.hidden = isCancelled;
      for (const form of forms) form.hidden = isCancelled;
      title(event.name);
      setText(words.name, event.name);
      put(words.place, typed(event.venue_name), event.starts_at && ` · ${day(event.starts_at)}`);
      const sum = (name) => event.sections.reduce((total, part) => total + part[name], 0);
      const tile = (name, value) => h("div", { class: "tile" }, h("dt", {}, name), h("dd", {}, value));
      put(
        tiles,
        tile("Available", count(sum("available"))),
        tile("Held", count(sum("reserved"))),
        tile("Sold", count(sum("sold"))),
        tile("Blocked", count(sum("blocked"))),
        tile("Revenue", money(sales.revenue, sales.currency)),
        sales.refunds_due > 0 && tile("Refunds due", money(sales.refunds_due, sales.currency)),
      );
      put(chart, minuteChart(sales.bookings_last_minute));
      const revenues = new Map(sales.sections.map((part) => [`${part.section}-${part.subsection}`, part.revenue]));
      const cell = (value) => h("td", { class: "number" }, value);
      put(
        table,
        h(
          "table",
          {},
          h(
            "thead",
            {},
            h(
              "tr",
              {},
              h("th", { scope: "col" }, "Part"),
              ["Price", "Available", "Held", "Sold", "Blocked", "Revenue"].map((name) =>
                h("th", { scope: "col", class: "number" }, name),
              ),
            ),
          ),
          h(
            "tbody",
            {},
            event.sections.map((part) =>
              h(
                "tr",
                {},
                h("th", { scope: "row" }, `${part.section} ${part.subsection}`),
                cell(money(part.price, event.currency)),
                cell(count(part.available)),
                cell(count(part.reserved)),
                cell(count(part.sold)),
                cell(count(part.blocked)),
                cell(money(revenues.get(`${part.section}-${part.subsection}`), event.currency)),
              ),
            ),
          ),
        ),
      );
    }

    async function change(body, done, { place = answer, fields = {} } = {}) {
      put(place);
      try {
        const changed = await call("PATCH", `/api/event/${id}`, { body });
        event = { ...event, ...changed };
        show();
        put(place, notice("", h("p", {}, done)));
        return true;
      } catch (error) {
        const refused = refusedField(fields, error);
        if (refused) refused.control.focus();
        else put(place, notice("bad", h("p", {}, explained(error))));
        return false;
      }
    }

    function askToCancel() {
      const dialog = h(
        "dialog",
        { "aria-labelledby": "cancel-title" },
        h(
          "form",
          { method: "dialog", class: "stack" },
          h("h2", { id: "cancel-title" }, "Cancel this event for good?"),
          h(
            "p",
            {},
            "All bookings end, what was paid is given back, and nothing can be sold again. This cannot be undone.",
          ),
          h(
            "div",
            { class: "row" },
            h("button", { class: "button danger", value: "yes" }, "Cancel the event"),
            h("button", { class: "button", value: "no" }, "Keep it"),
          ),
        ),
      );
      main.append(dialog);
      dialog.addEventListener("close", async () => {
        const isSure = dialog.returnValue === "yes";
        dialog.remove();
        cancel.focus();
        if (!isSure) return;
        try {
          const changed = await call("POST", `/api/event/${id}/cancel`);
          event = { ...event, ...changed };
          show();
          put(
            answer,
            notice("warn", h("p", {}, "The event is cancelled. Bookings are being ended and payments given back.")),
          );
        } catch (error) {
          put(answer, notice("bad", h("p", {}, explained(error))));
        }
      });
      dialog.showModal();
    }

    // --- Blocking seats ---

    function blocking() {
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
      const open = () => {
        if (details.open) {
          opened = openMap(event.sections[Number(part.control.value)], place, told);
        }
      };
      details.addEventListener("toggle", open);
      part.control.addEventListener("change", open);
      details.again = (sections) => {
        if (details.open) opened?.then((again) => again?.(sections));
      };
      return details;
    }

    async function openMap(part, place, told) {
      const base = `/api/event/${id}/sections/${encodeURIComponent(part.section)}/subsection/${part.subsection}`;
      put(told);
      let map;
      try {
        map = await read(`${base}/seats`);
      } catch (error) {
        put(place, notice("bad", h("p", {}, explained(error))));
        return null;
      }
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
      const reread = paced(async () => {
        const next = await read(`${base}/seats`).catch(() => null);
        if (!next) return;
        map = next;
        if (seats.show(map).length) put(marks, legend(map));
        choose(chosen.filter((position) => ["available", "blocked"].includes(seats.seat(position).status)));
      }, MAP_EVERY_MS_MIN);

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
          await pause(MAP_EVERY_MS_MIN / 1000);
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
        if (changed.some((one) => one.section === part.section && one.subsection === part.subsection)) reread();
      };
    }

    // --- Live ---

    const readAgain = paced(async () => {
      sales = await read(`/api/event/${id}/sales`).catch(() => sales);
      show();
    }, READ_EVERY_MS_MIN);
    setInterval(() => {
      if (!document.hidden) readAgain();
    }, READ_EVERY_MS);
    const readEvent = paced(async () => {
      event = await read(`/api/event/${id}`).catch(() => event);
      show();
    }, READ_EVERY_MS_MIN);
    const merge = (update) => {
      // In another window it may have been hidden or shown, or opens at another time.
      if (!update.sections.length) readEvent();
      const changed = new Map(update.sections.map((part) => [`${part.section}-${part.subsection}`, part]));
      event = {
        ...event,
        status: event.status === "cancelled" ? "cancelled" : update.status,
        sections: event.sections.map((part) => changed.get(`${part.section}-${part.subsection}`) ?? part),
      };
      show();
      readAgain();
      blockPanel.again(update.sections);
    };
    follow(`/api/event/${id}/sse`, { initial_status: merge, status_update: merge }, (isLive) => {
      live.dataset.state = isLive ? "on" : "off";
      setText(live, isLive ? "Live" : "Not live just now");
    });
  },
  { role: "seller" },
);

/** Bookings of each of the last sixty seconds, as bars. */
function minuteChart(seconds) {
  const most = Math.max(1, ...seconds);
  const all = seconds.reduce((sum, one) => sum + one, 0);
  const text = `${plural(all, "booking")} in the last minute, at most ${count(Math.max(...seconds))} in a second`;
  return h(
    "figure",
    { class: "panel stack" },
    h("figcaption", { class: "row apart" }, h("h2", {}, "The last minute"), h("span", { class: "soft" }, text)),
    draw(
      "svg",
      { class: "chart", viewBox: "0 0 600 100", preserveAspectRatio: "none", role: "img", "aria-label": text },
      draw("line", { x1: 0, x2: 600, y1: 99.5, y2: 99.5 }),
      seconds.map((value, index) =>
        draw("rect", { x: index * 10 + 1, y: 99 - (value / most) * 95, width: 8, height: (value / most) * 95 }),
      ),
    ),
  );
}

// How an event sells, in figures.

import { draw, h, put } from "./dom.js";
import { count, money, plural } from "./words.js";

/** The sums, the last minute and the parts, each in an element; `show(event, sales)` fills them. */
export function figures() {
  const tiles = h("dl", { class: "tiles" });
  const chart = h("div", {});
  const table = h("div", { class: "scroll-x", tabindex: "0", role: "region", "aria-label": "Sales by part" });
  return { tiles, chart, table, show };

  function show(event, sales) {
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
}

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

// What a hall will be: its figures and a drawing of its parts.

import { draw, h } from "./dom.js";
import { expanded } from "./hall-rules.js";
import { money, plural } from "./words.js";

const DRAWN_MAX = 60;

export function drawn(config, currency) {
  const all = expanded(config);
  const seats = all.reduce((sum, part) => sum + part.rows * part.seats_per_row, 0);
  const value = all.reduce((sum, part) => sum + part.seats_per_row * pricesDown(part), 0);
  let left = DRAWN_MAX;
  const fact = (name, text) => h("div", {}, h("dt", {}, name), h("dd", {}, text));
  return [
    h(
      "dl",
      { class: "facts" },
      fact("Seats", plural(seats, "seat")),
      fact("Parts", plural(all.length, "part")),
      fact("If all is sold", money(value, currency)),
    ),
    h("div", { class: "stage", "aria-hidden": "true" }, "STAGE"),
    h(
      "div",
      { class: "plan", tabindex: "0", role: "group", "aria-label": "Sections" },
      [...Map.groupBy(all, (part) => part.section)].map(([name, list]) => {
        const shown = list.slice(0, Math.max(0, left));
        left -= shown.length;
        return h(
          "div",
          { class: "stack" },
          h(
            "div",
            { class: "row apart" },
            h("h3", {}, name),
            h("span", { class: "soft money" }, money(list[0].price, currency)),
          ),
          h(
            "div",
            { class: "mini" },
            shown.map(rectangle),
            shown.length < list.length &&
              h("span", { class: "soft small" }, `and ${plural(list.length - shown.length, "more", "more")}`),
          ),
        );
      }),
    ),
  ];
}

/** What a seat of every row costs, together. */
function pricesDown({ rows, price, price_categories = [] }) {
  return price_categories.reduce((sum, own) => {
    const [first, last] = own.rows;
    return sum + (last - first + 1) * (own.price - price);
  }, rows * price);
}

function rectangle(part) {
  const scale = Math.min(4, 88 / part.seats_per_row, 88 / part.rows);
  const [width, height] = [part.seats_per_row * scale, part.rows * scale];
  const rows = Array.from({ length: part.rows }, (_, row) => `M1 ${(row + 0.5) * scale}H${width}`).join("");
  return draw(
    "svg",
    {
      width: width + 6,
      height: height + 6,
      viewBox: `-3 -3 ${width + 6} ${height + 6}`,
      role: "img",
      "aria-label": `${part.section} ${part.number}: ${part.rows} rows of ${part.seats_per_row}`,
    },
    draw("path", {
      d: rows,
      stroke: "currentColor",
      "stroke-width": Math.max(0.4, scale * 0.65),
      "stroke-dasharray": `${scale * 0.7} ${scale * 0.3}`,
      fill: "none",
    }),
  );
}

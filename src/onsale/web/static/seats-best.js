// Asks for the best seats that are left, instead of choosing them.

import { field, h } from "./dom.js";
import { categories } from "./seatmap.js";
import { money } from "./words.js";

/** A form that asks `submit(wanted)` for the best seats of a map, at most so many. */
export function bestForm(map, most, submit) {
  const names = categories(map).filter((category) => category.name !== null);
  const hasSpaces = map.seats.some((seat) => seat.kind === "accessible");
  const numbers = (first, last) =>
    Array.from({ length: last - first + 1 }, (_, index) =>
      h("option", { value: String(first + index) }, String(first + index)),
    );
  const mostHere = Math.min(most, map.seats.length);
  const quantity = field("quantity", "How many", h("select", {}, numbers(1, mostHere)));
  quantity.control.value = String(Math.min(2, mostHere));
  const category = names.length
    ? field(
        "category",
        "Price",
        h(
          "select",
          {},
          h("option", { value: "" }, "Any"),
          names.map((one) => h("option", { value: one.name }, `${one.name}, ${money(one.price, map.currency)}`)),
        ),
      )
    : null;
  const spaces = hasSpaces ? field("spaces", "Of these, wheelchair spaces", h("select", {}, numbers(0, mostHere))) : null;
  return h(
    "form",
    {
      class: "panel stack",
      on: {
        submit: (submitted) => {
          submitted.preventDefault();
          const wanted = Number(quantity.control.value);
          submit({
            seat_selection_mode: "best_available",
            seat_positions: [],
            quantity: wanted,
            ...(category?.control.value && { price_category: category.control.value }),
            ...(Number(spaces?.control.value) && {
              accessible_seats: Math.min(wanted, Number(spaces.control.value)),
            }),
          });
        },
      },
    },
    h("h2", {}, "Best available"),
    h("p", { class: "soft small" }, "Together in one row and as far in front as possible."),
    h("div", { class: "fields" }, quantity.box, category?.box, spaces?.box),
    h("button", { class: "button block", type: "submit" }, "Find and hold the best seats"),
  );
}

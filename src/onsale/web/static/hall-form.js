// Describes a hall: in three numbers, section by section, or as JSON.

import { field, h, put } from "./dom.js";
import { judged, PARTS_MAX } from "./hall-rules.js";

const EXAMPLE = { sections: [{ name: "A", price: 8500, subsections: [{ number: 1, rows: 10, seats_per_row: 20 }] }] };

/** Three ways to describe a hall; `read()` gives `{config}` or `{fault}`. */
export function hallForm(changed) {
  const ways = {
    regular: ["All parts alike", regular()],
    parts: ["Section by section", parts(changed)],
    json: ["As JSON", pasted()],
  };
  let way = "regular";
  const place = h("div", { class: "stack" }, ways.regular[1].element);
  const element = h(
    "div",
    { class: "stack" },
    h(
      "fieldset",
      {},
      h("legend", { class: "unseen" }, "How to describe the hall"),
      h(
        "div",
        { class: "choices" },
        Object.entries(ways).map(([key, [label]]) =>
          h(
            "label",
            {},
            h("input", {
              type: "radio",
              name: "way",
              value: key,
              checked: key === way,
              on: {
                change: () => {
                  way = key;
                  put(place, ways[key][1].element);
                  changed();
                },
              },
            }),
            label,
          ),
        ),
      ),
    ),
    place,
  );
  element.addEventListener("input", () => changed());
  return { element, read: () => judged(ways[way][1].read()) };
}

const whole = (control) => (/^\d+$/.test(control.value.trim()) ? Number(control.value) : Number.NaN);
// An empty field is no price: seats are given away only where somebody types a nought.
const cents = (control) =>
  /^\d{1,7}([.,]\d{1,2})?$/.test(control.value.trim())
    ? Math.round(Number(control.value.replace(",", ".")) * 100)
    : Number.NaN;
const number = (value, least = 1) => h("input", { inputmode: "numeric", value: String(value), min: least });

function regular() {
  const count = field("regular-count", "Parts", number(10));
  const rows = field("regular-rows", "Rows each", number(25));
  const seats = field("regular-seats", "Seats per row", number(20));
  const price = field("regular-price", "Price of a seat", h("input", { inputmode: "decimal", value: "45.00" }));
  return {
    element: h("div", { class: "fields" }, count.box, rows.box, seats.box, price.box),
    read: () => ({
      config: {
        rows: whole(rows.control),
        cols: whole(seats.control),
        sections: [{ name: "A", price: cents(price.control), subsections: whole(count.control) }],
      },
    }),
  };
}

function parts(changed) {
  const list = h("div", { class: "parts" });
  let made = 0;
  const add = (name, price, count, rows, seats) => {
    made += 1;
    const id = (what) => `part-${made}-${what}`;
    const inputs = {
      name: field(id("name"), "Section", h("input", { value: name, maxlength: 20 })),
      price: field(id("price"), "Price", h("input", { inputmode: "decimal", value: price })),
      count: field(id("count"), "Parts", number(count)),
      rows: field(id("rows"), "Rows", number(rows)),
      seats: field(id("seats"), "Seats", number(seats)),
    };
    const row = h(
      "div",
      { class: "part", role: "group", "aria-label": `Section ${made}` },
      Object.values(inputs).map((one) => one.box),
      h(
        "button",
        {
          class: "button",
          type: "button",
          "aria-label": `Remove section ${made}`,
          on: {
            click: () => {
              row.remove();
              changed();
            },
          },
        },
        "Remove",
      ),
    );
    row.read = () => ({
      name: inputs.name.control.value.trim(),
      price: cents(inputs.price.control),
      subsections: Array.from({ length: Math.min(PARTS_MAX + 1, whole(inputs.count.control) || 0) }, (_, index) => ({
        number: index + 1,
        rows: whole(inputs.rows.control),
        seats_per_row: whole(inputs.seats.control),
      })),
    });
    list.append(row);
  };
  add("Stalls", "85.00", 4, 20, 20);
  add("Circle", "60.00", 6, 8, 20);
  const more = h(
    "button",
    {
      class: "button",
      type: "button",
      on: {
        click: () => {
          add(String.fromCharCode(65 + (made % 26)), "45.00", 1, 10, 20);
          list.lastElementChild.querySelector("input").focus();
          changed();
        },
      },
    },
    "Add a section",
  );
  return {
    element: h("div", { class: "stack" }, list, h("div", {}, more)),
    read: () => ({ config: { sections: [...list.children].map((row) => row.read()) } }),
  };
}

function pasted() {
  const text = field(
    "json",
    "Seating configuration",
    h("textarea", { spellcheck: "false", value: JSON.stringify(EXAMPLE, null, 2) }),
    "The same that the API takes, with price categories and wheelchair spaces",
  );
  return {
    element: text.box,
    read: () => {
      try {
        return { config: JSON.parse(text.control.value) };
      } catch (error) {
        return { fault: `This is not JSON yet: ${error.message}` };
      }
    },
  };
}

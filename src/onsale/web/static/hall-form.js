// Describes a hall: in three numbers, section by section, or as JSON.

import { field, h, put } from "./dom.js";
import { fillIn, valuesOf } from "./event-fields.js";
import { judged, PARTS_MAX } from "./hall-rules.js";

const EXAMPLE = { sections: [{ name: "A", price: 8500, subsections: [{ number: 1, rows: 10, seats_per_row: 20 }] }] };

/** Three ways to describe a hall. `read()` gives `{config}` or `{fault}`; `judge()` does and has the
    field say what is wrong with it, until it is right, and gives whether a field `isTold`. `values()` is
    all that is typed, to be brought back with `fill(values)`. */
export function hallForm(changed) {
  const ways = {
    regular: ["All parts alike", regular()],
    parts: ["Section by section", parts(changed)],
    json: ["As JSON", pasted()],
  };
  let way = "regular";
  let told = null;
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
                  choose(key);
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

  function choose(key) {
    way = key;
    put(place, ways[key][1].element);
  }

  function current() {
    const { config, fault } = ways[way][1].read();
    return fault ? { fault } : judged(config);
  }

  function tell(found) {
    told?.say("");
    told = found.fault ? ways[way][1].fieldOf(found) : null;
    told?.say(found.fault);
  }

  return {
    element,
    read() {
      const found = current();
      if (told) tell(found);
      return found;
    },
    judge() {
      const found = current();
      tell(found);
      return { ...found, isTold: Boolean(told) };
    },
    values: () => ({ way, ...Object.fromEntries(Object.entries(ways).map(([key, [, one]]) => [key, one.values()])) }),
    fill(values) {
      for (const [key, [, one]] of Object.entries(ways)) one.fill(values?.[key]);
      if (!ways[values?.way]) return;
      choose(values.way);
      element.querySelector(`[value="${way}"]`).checked = true;
    },
  };
}

const whole = (control) => (/^\d+$/.test(control.value.trim()) ? Number(control.value) : Number.NaN);
// An empty field is no price: seats are given away only where somebody types a nought.
const cents = (control) =>
  /^\d{1,7}([.,]\d{1,2})?$/.test(control.value.trim())
    ? Math.round(Number(control.value.replace(",", ".")) * 100)
    : Number.NaN;
const number = (value, least = 1) => h("input", { inputmode: "numeric", value: String(value), min: least });

function regular() {
  const inputs = {
    count: field("regular-count", "Parts", number(10)),
    rows: field("regular-rows", "Rows each", number(25)),
    seats: field("regular-seats", "Seats per row", number(20)),
    price: field("regular-price", "Price of a seat", h("input", { inputmode: "decimal", value: "45.00" })),
  };
  const { count, rows, seats, price } = inputs;
  return {
    element: h(
      "div",
      { class: "fields" },
      Object.values(inputs).map((one) => one.box),
    ),
    read: () => ({
      config: {
        rows: whole(rows.control),
        cols: whole(seats.control),
        sections: [{ name: "A", price: cents(price.control), subsections: whole(count.control) }],
      },
    }),
    fieldOf: ({ what }) => inputs[what],
    values: () => valuesOf(inputs),
    fill: (values) => fillIn(inputs, values),
  };
}

function parts(changed) {
  const list = h("div", { class: "parts" });
  let made = 0;
  const add = ({ name, price, count, rows, seats }) => {
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
    row.inputs = inputs;
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
  const freeName = () => {
    const taken = [...list.children].map((row) => row.inputs.name.control.value);
    const letters = Array.from({ length: 26 }, (_, index) => String.fromCharCode(65 + ((made + index) % 26)));
    return letters.find((letter) => !taken.includes(letter)) ?? "";
  };
  add({ name: "Stalls", price: "85.00", count: 4, rows: 20, seats: 20 });
  add({ name: "Circle", price: "60.00", count: 6, rows: 8, seats: 20 });
  const more = h(
    "button",
    {
      class: "button",
      type: "button",
      on: {
        click: () => {
          add({ name: freeName(), price: "45.00", count: 1, rows: 10, seats: 20 });
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
    fieldOf: ({ what, section }) => list.children[section]?.inputs[what],
    values: () => [...list.children].map((row) => valuesOf(row.inputs)),
    fill(values) {
      if (!Array.isArray(values)) return;
      put(list);
      made = 0;
      for (const one of values) add(one);
    },
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
    fieldOf: () => text,
    values: () => text.control.value,
    fill(value) {
      text.control.value = value ?? text.control.value;
    },
  };
}

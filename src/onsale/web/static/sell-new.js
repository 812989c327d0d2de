import { call, isOpen } from "./api.js";
import { draw, field, h, put } from "./dom.js";
import {
  eventFields,
  hasBegun,
  isAfter,
  onSaleField,
  perBuyerField,
  refusedField,
  timeIn,
  wrongField,
} from "./event-fields.js";
import { notice, page, title } from "./shell.js";
import { explained, money, plural } from "./words.js";

const SEATS_MAX = 1_000_000;
const SEATS_OF_PART_MAX = 10_000;
const PARTS_MAX = 2_500;
const PRICE_CENTS_MAX = 100_000_000;
const DRAWN_MAX = 60;
const EXAMPLE = { sections: [{ name: "A", price: 8500, subsections: [{ number: 1, rows: 10, seats_per_row: 20 }] }] };

page(
  async (main) => {
    title("New event");
    const wrong = h("div", {});
    const preview = h("div", { class: "stack" });
    const currency = field(
      "currency",
      "Currency",
      h("input", { value: "USD", required: true, pattern: "[A-Z]{3}", maxlength: 3, autocapitalize: "characters" }),
      "Three letters, such as USD",
    );
    const holdMinutes = field(
      "hold_seconds",
      "Minutes to pay",
      h("input", { type: "number", min: 1, max: 120, value: "10", required: true }),
    );
    const perBooking = field(
      "max_tickets_per_booking",
      "Seats per booking",
      h("input", { type: "number", min: 1, max: 10, value: "4", required: true }),
    );
    const noSingles = h("input", { type: "checkbox" });
    const isPublic = h("input", { type: "checkbox", checked: true });
    const fields = {
      ...eventFields(),
      on_sale_at: onSaleField(),
      currency,
      hold_seconds: holdMinutes,
      max_tickets_per_booking: perBooking,
      max_tickets_per_buyer: perBuyerField(),
    };
    const { name, venue_name: venue, description, starts_at: startsAt, on_sale_at: onSaleAt } = fields;
    const perBuyer = fields.max_tickets_per_buyer;
    const hall = hallForm(() => show());
    const send = h("button", { class: "button primary", type: "submit" }, "Create event");
    const form = h(
      "form",
      { class: "stack wide", novalidate: true },
      wrong,
      h(
        "section",
        { class: "panel stack", "aria-labelledby": "about" },
        h("h2", { id: "about" }, "The event"),
        name.box,
        venue.box,
        description.box,
        h("div", { class: "fields broad" }, startsAt.box, onSaleAt.box),
      ),
      h(
        "section",
        { class: "panel stack", "aria-labelledby": "hall" },
        h("h2", { id: "hall" }, "The hall"),
        hall.element,
      ),
      h(
        "section",
        { class: "panel stack", "aria-labelledby": "rules" },
        h("h2", { id: "rules" }, "The rules"),
        h("div", { class: "fields" }, currency.box, holdMinutes.box, perBooking.box, perBuyer.box),
        h("label", { class: "choice" }, noSingles, "Nobody may leave a single seat between others"),
        h("label", { class: "choice" }, isPublic, "Show it to everybody as soon as it is ready"),
      ),
      h("div", { class: "row" }, send, h("a", { class: "button", href: "/sell" }, "Do not create it")),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      create();
    });
    currency.control.addEventListener("input", () => {
      currency.control.value = currency.control.value.toUpperCase();
      show();
    });
    put(
      main,
      h(
        "header",
        { class: "heading" },
        h("p", { class: "crumbs" }, h("a", { href: "/sell" }, "Your events")),
        h("h1", {}, "New event"),
      ),
      h(
        "div",
        { class: "split" },
        form,
        h("aside", { "aria-label": "What the hall will be" }, h("div", { class: "panel" }, preview)),
      ),
    );
    show();

    function show() {
      const { config, fault } = hall.read();
      put(
        preview,
        h("h2", {}, "Preview"),
        fault ? h("p", { class: "notice warn", role: "status" }, fault) : drawn(config, currency.control.value),
      );
    }

    async function create() {
      if (send.disabled) return;
      put(wrong);
      let first = wrongField(fields);
      if (hasBegun(startsAt)) {
        startsAt.say("This time is over.");
        first ??= startsAt;
      } else if (isAfter(onSaleAt.control.value, startsAt.control.value)) {
        onSaleAt.say("The sale would begin after the event.");
        first ??= onSaleAt;
      }
      const { config, fault } = hall.read();
      if (fault) put(wrong, notice("bad", h("p", {}, fault)));
      if (first || fault) {
        (first?.control ?? hall.element.querySelector("input, textarea")).focus();
        return;
      }
      send.disabled = true;
      try {
        const event = await call("POST", "/api/event", {
          seconds: 60,
          body: {
            name: name.control.value,
            description: description.control.value,
            venue_name: venue.control.value,
            seating_config: config,
            is_active: isPublic.checked,
            starts_at: timeIn(startsAt),
            on_sale_at: timeIn(onSaleAt),
            currency: currency.control.value,
            hold_seconds: Number(holdMinutes.control.value) * 60,
            max_tickets_per_booking: Number(perBooking.control.value),
            ...(perBuyer.control.value && { max_tickets_per_buyer: Number(perBuyer.control.value) }),
            ...(noSingles.checked && { leave_no_single_seats: true }),
          },
        });
        location.assign(`/sell/events/${event.id}`);
      } catch (error) {
        send.disabled = false;
        const refused = refusedField(fields, error);
        if (refused) refused.control.focus();
        else {
          put(wrong, isOpen(error) && !error.isPassing ? unknown() : notice("bad", h("p", {}, explained(error))));
          wrong.scrollIntoView({ block: "nearest" });
        }
      }
    }
  },
  { role: "seller" },
);

/** An event has no key by which a repeat is known: its seller looks first. */
function unknown() {
  const link = h("a", { href: "/sell", target: "_blank" }, "Look at your events (in a new window)");
  const text = "No answer came, so the event may have been created all the same. ";
  return notice("warn", h("p", {}, text, link, " before you create it again."));
}

/** Three ways to describe a hall; `read()` gives `{config}` or `{fault}`. */
function hallForm(changed) {
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

/** The subsections of either form, in the long one's words. */
function expanded(config) {
  return config.sections.flatMap((section) =>
    Array.isArray(section.subsections)
      ? section.subsections.map((part) => ({ ...part, section: section.name, price: section.price }))
      : Array.from({ length: Math.min(section.subsections, PARTS_MAX + 1) }, (_, index) => ({
          number: index + 1,
          rows: config.rows,
          seats_per_row: config.cols,
          section: section.name,
          price: section.price,
        })),
  );
}

const isPrice = (cents) => Number.isInteger(cents) && cents >= 0 && cents <= PRICE_CENTS_MAX;
const isPriced = (category) =>
  isPrice(category?.price) && category.rows?.length === 2 && category.rows.every(Number.isInteger);

/** Said while typing; the service judges once more. */
function judged({ config, fault }) {
  if (fault) return { fault };
  if (!Array.isArray(config?.sections) || !config.sections.length)
    return { fault: "A hall needs at least one section." };
  const names = config.sections.map((section) => section?.name);
  if (!names.every((name) => /^[A-Za-z0-9_-]{1,20}$/.test(name ?? "")))
    return { fault: "A section's name has 1 to 20 letters, digits, - or _." };
  if (new Set(names).size !== names.length) return { fault: "Two sections have the same name." };
  if (!config.sections.every((section) => isPrice(section.price)))
    return { fault: "A price is an amount such as 45.00, at most 1,000,000.00." };
  if (
    !config.sections.every((section) =>
      Array.isArray(section.subsections) ? section.subsections.length > 0 : section.subsections >= 1,
    )
  )
    return { fault: "A section needs at least one part." };
  const all = expanded(config);
  if (all.length > PARTS_MAX) return { fault: `A hall has at most ${plural(PARTS_MAX, "part")}.` };
  if (
    !all.every(
      (part) =>
        Number.isInteger(part.rows) && Number.isInteger(part.seats_per_row) && part.rows > 0 && part.seats_per_row > 0,
    )
  )
    return { fault: "Rows and seats are whole numbers from 1." };
  if (!all.every(({ price_categories: own = [] }) => Array.isArray(own) && own.every(isPriced)))
    return { fault: 'A price category has a name, a price and rows, such as {"name":"front","price":9900,"rows":[1,5]}.' };
  if (all.some((part) => part.rows * part.seats_per_row > SEATS_OF_PART_MAX))
    return { fault: `A part has at most ${plural(SEATS_OF_PART_MAX, "seat")}.` };
  if (all.reduce((sum, part) => sum + part.rows * part.seats_per_row, 0) > SEATS_MAX)
    return { fault: `A hall has at most ${plural(SEATS_MAX, "seat")}.` };
  return { config };
}

function drawn(config, currency) {
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

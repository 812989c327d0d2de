import { h, put } from "./dom.js";
import { fillByPage } from "./paging.js";
import { saleState } from "./sale.js";
import { page, title } from "./shell.js";
import { day, plural } from "./words.js";

const seatCount = (config) =>
  config.sections.reduce(
    (sum, section) => sum + section.subsections.reduce((seats, part) => seats + part.rows * part.seats_per_row, 0),
    0,
  );

page(
  async (main) => {
    title("Your events");
    const list = h("ul", { class: "list panel", hidden: true });
    const more = h("div", { class: "row" });
    put(
      main,
      h(
        "header",
        { class: "heading" },
        h(
          "div",
          { class: "row apart" },
          h("h1", {}, "Your events"),
          h(
            "div",
            { class: "row" },
            h("a", { class: "button", href: "/sell/webhooks" }, "Webhooks"),
            h("a", { class: "button primary", href: "/sell/new" }, "New event"),
          ),
        ),
      ),
      h("div", { class: "stack" }, list, more),
    );
    await fillByPage({
      path: "/api/event?mine=true&limit=50",
      list,
      more,
      entry,
      label: "Show older events",
      empty: [
        h("h2", {}, "You sell nothing yet"),
        h("p", { class: "soft" }, "Describe a hall, and its seats are on sale a moment later."),
      ],
    });
  },
  { role: "seller" },
);

function entry(event) {
  const state = saleState(event);
  return h(
    "li",
    {},
    h(
      "a",
      { href: `/sell/events/${event.id}` },
      h("strong", {}, event.name),
      h("span", { class: `pill ${state.tone}` }, state.label),
      h("span", { class: "soft" }, event.venue_name),
      h(
        "span",
        { class: "soft" },
        `${plural(seatCount(event.seating_config), "seat")}${event.starts_at ? ` · ${day(event.starts_at)}` : ""}`,
      ),
    ),
  );
}

import { h, put } from "./dom.js";
import { fillByPage } from "./paging.js";
import { page, title } from "./shell.js";
import { day, money, plural } from "./words.js";
import { saleState } from "./sale.js";

page(async (main) => {
  title("Events");
  const list = h(
    "ul",
    { class: "cards", "aria-busy": "true" },
    Array.from({ length: 6 }, () => h("li", { class: "bone" })),
  );
  const more = h("div", { class: "row" });
  put(
    main,
    h(
      "header",
      { class: "heading" },
      h("h1", {}, "What is on"),
      h("p", { class: "lead" }, "Choose your own seats. They are yours while you pay, and nobody else can take them."),
    ),
    h("div", { class: "stack wide" }, list, more),
  );

  await fillByPage({
    path: "/api/event?order=sale&limit=24",
    list,
    more,
    entry: card,
    label: "Show more events",
    empty: [
      h("h2", {}, "Nothing is on sale yet"),
      h("p", { class: "soft" }, "As soon as somebody sells an event, it stands here."),
    ],
  });
  list.removeAttribute("aria-busy");
});

function card(event) {
  const prices = event.seating_config.sections.flatMap((section) => [
    section.price,
    ...section.subsections.flatMap((part) => (part.price_categories ?? []).map((category) => category.price)),
  ]);
  const state = saleState(event);
  return h(
    "li",
    { class: "card" },
    h(
      "div",
      { class: "stack" },
      h("p", { class: "eyebrow" }, event.starts_at ? day(event.starts_at) : "Date to be announced"),
      h("h2", {}, h("a", { href: `/events/${event.id}` }, event.name)),
    ),
    h("p", { class: "soft" }, event.venue_name),
    h(
      "div",
      { class: "row" },
      h(
        "span",
        { class: "money" },
        h("span", { class: "soft small" }, "from "),
        h("strong", {}, money(Math.min(...prices), event.currency)),
      ),
      h("span", { class: `pill ${state.tone}` }, state.label),
      h("span", { class: "unseen" }, plural(event.seating_config.sections.length, "section")),
    ),
  );
}

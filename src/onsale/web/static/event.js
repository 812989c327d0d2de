import { now, read } from "./api.js";
import { h, put, setText } from "./dom.js";
import { follow, paced } from "./live.js";
import { asTold, howMuchIsLeft, LEFT_IN_WORDS, saleState } from "./sale.js";
import { address, everySecond, page, placeAndTime, say, title } from "./shell.js";
import { count, day, money, timeLeft } from "./words.js";

page(async (main) => {
  const [, id] = address();
  let event = await read(`/api/event/${id}`);

  const state = h("span", { class: "pill" });
  const live = h("span", { class: "live", "data-state": "off" }, "Connecting");
  const above = h("div", {});
  const hall = h("div", { class: "hall" });
  const words = { name: h("h1", {}), place: h("p", {}), description: h("p", { class: "lead" }) };
  const onlyFree = h("input", { type: "checkbox", on: { change: () => filter() } });
  put(
    main,
    h(
      "header",
      { class: "heading" },
      h("p", { class: "crumbs" }, h("a", { href: "/" }, "All events")),
      Object.values(words),
      h("div", { class: "row" }, state, live),
    ),
    h(
      "div",
      { class: "stack wide" },
      above,
      h(
        "div",
        { class: "stack" },
        h(
          "div",
          { class: "row apart" },
          h("h2", {}, "Choose a part of the hall"),
          h("label", { class: "choice" }, onlyFree, "Only with free seats"),
        ),
        h(
          "ul",
          { class: "legend", "aria-label": "Colours" },
          Object.entries(LEFT_IN_WORDS).map(([left, words]) =>
            h("li", {}, h("span", { class: "swatch", "data-left": left }), words),
          ),
        ),
      ),
      hall,
    ),
  );

  const blocks = new Map();
  let shown = null;
  let stopClock = () => {};
  let connections = 0;
  let isLive = false;
  function buildHall() {
    const groups = Map.groupBy(event.sections, (part) => part.section);
    put(
      hall,
      h("div", { class: "stage", "aria-hidden": "true" }, "STAGE"),
      [...groups].map(([name, parts]) =>
        h(
          "section",
          { "aria-label": `Section ${name}` },
          h(
            "div",
            { class: "row" },
            h("h3", {}, `Section ${name}`),
            h("span", { class: "money soft" }, priceRange(name, parts[0].price)),
          ),
          h(
            "ul",
            { class: "blocks" },
            parts.map((part) => {
              const left = h("span", { class: "small" });
              const link = h(
                "a",
                { class: "part-tile", href: `/events/${event.id}/${encodeURIComponent(name)}/${part.subsection}` },
                h("strong", {}, `${name} ${part.subsection}`),
                left,
              );
              const item = h("li", {}, link);
              blocks.set(`${name}-${part.subsection}`, { link, left, item });
              return item;
            }),
          ),
        ),
      ),
    );
  }

  function priceRange(name, base) {
    const section = event.seating_config.sections.find((one) => one.name === name);
    const prices = [
      base,
      ...(section?.subsections ?? []).flatMap((part) => (part.price_categories ?? []).map((one) => one.price)),
    ];
    const [low, high] = [Math.min(...prices), Math.max(...prices)];
    return low === high
      ? money(low, event.currency)
      : `${money(low, event.currency)} to ${money(high, event.currency)}`;
  }

  function show() {
    const sale = saleState(event);
    title(event.name);
    setText(words.name, event.name);
    put(words.place, placeAndTime(event));
    setText(words.description, event.description);
    words.description.hidden = !event.description;
    state.className = `pill ${sale.tone}`;
    setText(state, sale.label);
    for (const part of event.sections) {
      const block = blocks.get(`${part.section}-${part.subsection}`);
      if (!block) continue;
      const left = howMuchIsLeft(part);
      block.link.dataset.left = left;
      setText(block.left, part.available === 0 ? "Sold out" : `${count(part.available)} left`);
    }
    filter();
    showSale(sale.name);
  }

  function filter() {
    for (const part of event.sections)
      blocks.get(`${part.section}-${part.subsection}`).item.hidden = onlyFree.checked && part.available === 0;
  }

  function showSale(name) {
    const key = `${name} ${event.on_sale_at}`;
    if (key === shown) return;
    const isFirst = shown === null;
    shown = key;
    stopClock();
    const texts = {
      sold_out: [
        "bad",
        "Sold out",
        "Every seat is taken at the moment. Seats that others give up appear here by themselves: keep this page open.",
      ],
      draft: ["warn", "Opens in a moment", "The seats are being made ready."],
      hidden: ["warn", "Not on sale", "The seller has taken this event off sale. Tickets that were sold stay good."],
      cancelled: [
        "bad",
        "This event was cancelled",
        "What was paid is given back. Your bookings tell how far that is.",
      ],
    };
    if (name === "upcoming") put(above, countdown());
    else if (texts[name])
      put(
        above,
        h("div", { class: `notice ${texts[name][0]}` }, h("h2", {}, texts[name][1]), h("p", {}, texts[name][2])),
      );
    else put(above);
    if (!isFirst && name === "open") say("Seats can be bought now.");
  }

  function countdown() {
    const clock = h("p", { class: "clock", role: "timer", "aria-label": "Time until the sale begins" });
    stopClock = everySecond(() => {
      const seconds = (Date.parse(event.on_sale_at) - now()) / 1000;
      if (seconds <= 0) {
        setText(clock, "Now");
        refresh();
        return false;
      }
      clock.textContent = timeLeft(seconds);
      return true;
    });
    return h(
      "div",
      { class: "panel stack" },
      h("p", { class: "eyebrow" }, "The sale begins in"),
      clock,
      h(
        "p",
        { class: "soft" },
        day(event.on_sale_at),
        ". You may look at the hall already; this page opens by itself.",
      ),
    );
  }

  const reread = async () => {
    const next = await read(`/api/event/${id}`).catch(() => event);
    event = isLive ? asTold(next, event) : next;
    show();
  };
  const refresh = paced(async () => {
    await reread();
    // It opens a moment after its time has come, once a worker has seen to it.
    if (["draft", "upcoming"].includes(saleState(event).name)) setTimeout(refresh, 1000);
  }, 1000);
  buildHall();
  show();
  if (saleState(event).name === "draft") refresh();

  const readAgain = paced(reread, 1000);
  const merge = (update) => {
    // It may be hidden or shown, or opens at another time.
    if (!update.sections.length) readAgain();
    const changed = new Map(update.sections.map((part) => [`${part.section}-${part.subsection}`, part]));
    event = {
      ...event,
      status: update.status,
      sections: event.sections.map((part) => changed.get(`${part.section}-${part.subsection}`) ?? part),
    };
    show();
  };
  const begin = (update) => {
    if (connections > 1) readAgain(); // what changed while nothing was heard
    merge(update);
  };
  follow(`/api/event/${id}/sse`, { initial_status: begin, status_update: merge }, (stands) => {
    isLive = stands;
    if (stands) connections += 1;
    live.dataset.state = isLive ? "on" : "off";
    setText(live, isLive ? "Live: what is left is shown as it changes" : "Not live just now");
  });
});

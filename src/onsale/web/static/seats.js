import { Problem, read } from "./api.js";
import { h, put, setText } from "./dom.js";
import { follow, paced } from "./live.js";
import { offerInstead, placeAndGo } from "./orders.js";
import { saleState } from "./sale.js";
import { mapReader } from "./seat-reader.js";
import { legend, positionOf, seatMap, tellChanges } from "./seatmap.js";
import { bestForm } from "./seats-best.js";
import { saleNotice } from "./seats-sale.js";
import { address, page, placeAndTime, say, signInAddress, title } from "./shell.js";
import { count, explained, money, plural, seatsInWords } from "./words.js";

const READ_EVERY_MS = 5000;
const EVENT_EVERY_MS_MIN = 1000;
const MINE = new Set(["processing", "pending_payment", "paid", "completed"]);

page(async (main, user) => {
  const [, id, section, number] = address();
  const where = { event_id: Number(id), section, subsection: Number(number) };
  const path = `/api/event/${id}/sections/${encodeURIComponent(section)}/subsection/${number}/seats`;
  const slot = `onsale.chosen.${id}.${section}.${number}`;
  let [event, map, own] = await Promise.all([read(`/api/event/${id}`), read(path), ownSeats()]);
  const most = Math.min(event.max_tickets_per_booking, event.max_tickets_per_buyer ?? Infinity);
  let chosen = remembered();
  let isBusy = false;
  let connections = 0;

  const words = { name: h("a", { href: `/events/${id}` }), place: h("p", { class: "soft" }) };
  const live = h("span", { class: "live", "data-state": "off" }, "Connecting");
  const changes = h("span", { class: "soft small" });
  const marks = h("div", {}, legend(map, { hasOwn: own.length > 0 }));
  const answer = h("div", {});
  const sale = saleNotice(() => showSale());
  const list = h("ul", { class: "chosen", "aria-label": "Chosen seats" });
  const total = h("p", { class: "total" });
  const hold = h("button", {
    class: "button primary block",
    type: "button",
    on: { click: () => submit({ seat_selection_mode: "manual", seat_positions: chosen, quantity: chosen.length }) },
  });
  const best = bestForm(map, most, submit);
  const seats = seatMap({
    label: `Seats of ${section} ${number}. Arrow keys move, space chooses.`,
    mayChoose: (seat) => seat.status === "available",
    toggle,
  });

  put(
    main,
    h(
      "header",
      { class: "heading" },
      h("p", { class: "crumbs" }, words.name),
      h("h1", {}, `${section} ${number}`),
      words.place,
    ),
    h(
      "div",
      { class: "booth" },
      h(
        "div",
        { class: "stack" },
        sale.element,
        marks,
        seats.element,
        h("div", { class: "row apart" }, live, changes),
      ),
      h(
        "aside",
        { class: "stack", "aria-label": "Your choice" },
        h(
          "div",
          { class: "panel stack choice-panel" },
          h("h2", {}, "Your choice"),
          answer,
          list,
          total,
          hold,
          h(
            "p",
            { class: "soft small" },
            `Held for ${holdTime(event.hold_seconds)} while you pay. Nothing is charged before.`,
            event.max_tickets_per_buyer && ` One person may have ${plural(event.max_tickets_per_buyer, "ticket")}.`,
            event.leave_no_single_seats && " Please leave no seat alone between others.",
          ),
          user?.role === "seller" &&
            h("p", { class: "notice warn" }, "You are signed in with a seller's account. Seats are bought with a buyer's."),
        ),
        best,
      ),
    ),
  );
  seats.show(map);
  seats.mark(chosen, own);
  showChoice();
  showSale();

  // --- What is chosen ---

  function remembered() {
    try {
      return (JSON.parse(sessionStorage.getItem(slot)) ?? []).filter((position) =>
        map.seats.some((seat) => positionOf(seat) === position && seat.status === "available"),
      );
    } catch {
      return [];
    }
  }

  function choose(positions) {
    chosen = positions.toSorted((a, b) => seats.indexOf(a) - seats.indexOf(b));
    if (chosen.length) sessionStorage.setItem(slot, JSON.stringify(chosen));
    else sessionStorage.removeItem(slot);
    seats.mark(chosen);
    showChoice();
  }

  function toggle(position) {
    if (isBusy) return;
    if (chosen.includes(position)) choose(chosen.filter((one) => one !== position));
    else if (chosen.length >= most) {
      put(
        answer,
        h("p", { class: "notice warn", role: "status" }, `One booking takes ${plural(most, "seat")} at most.`),
      );
      return;
    } else choose([...chosen, position]);
    put(answer);
    say(
      chosen.length
        ? `${plural(chosen.length, "seat")} chosen, ${money(price(chosen), map.currency)}`
        : "No seat chosen",
    );
  }

  function price(positions) {
    return positions.reduce((sum, position) => sum + (seats.seat(position)?.price ?? 0), 0);
  }

  function showChoice() {
    put(
      list,
      chosen.map((position) => {
        const seat = seats.seat(position);
        return h(
          "li",
          {},
          h("span", {}, seatsInWords([position]), seat.category && h("span", { class: "soft" }, ` · ${seat.category}`)),
          h("span", {}, money(seat.price, map.currency)),
        );
      }),
    );
    put(
      total,
      chosen.length
        ? [h("span", {}, "Total"), h("span", {}, money(price(chosen), map.currency))]
        : h("span", { class: "soft small" }, "Choose seats on the map, or let us find the best ones."),
    );
    const state = saleState(event).name;
    const isOpen = state === "open" || state === "sold_out";
    hold.disabled = isBusy || !chosen.length || !isOpen || user?.role === "seller";
    const what = chosen.length ? plural(chosen.length, "seat") : "seats";
    setText(hold, isBusy ? "One moment" : user ? `Hold ${what}` : `Sign in and hold ${what}`);
    best.querySelector("button").disabled = isBusy || !isOpen || user?.role === "seller";
  }

  // --- Asking for seats ---

  async function submit(wanted) {
    if (isBusy) return;
    if (!user) {
      location.assign(signInAddress());
      return;
    }
    isBusy = true;
    showChoice();
    put(answer);
    const waiting = (text) => put(answer, h("p", { class: "notice warn", role: "status" }, text));
    try {
      await placeAndGo(user.id, { ...where, ...wanted }, waiting);
      sessionStorage.removeItem(slot);
    } catch (error) {
      isBusy = false;
      if (error.code === "SEAT_CONFLICT") own = await ownSeats().catch(() => own);
      refuse(error, wanted);
      readAgain();
    }
  }

  function refuse(problem, wanted) {
    if (problem instanceof Problem && problem.status === 401) {
      location.assign(signInAddress());
      return;
    }
    const positions = wanted.seat_positions ?? [];
    const taken = problem.code === "SEAT_CONFLICT" ? problem.body.seats : [];
    choose(chosen.filter((one) => !taken.includes(one)));
    if (taken.length && taken.every((one) => own.includes(one))) tellOwn(taken);
    else if (["SEAT_CONFLICT", "ORPHAN_SEAT"].includes(problem.code)) {
      offerInstead(answer, {
        problem,
        where,
        positions,
        currency: map.currency,
        priceOf: (position) => seats.seat(position)?.price,
        take: ({ seat_selection_mode, seat_positions, quantity }) =>
          submit({ seat_selection_mode, seat_positions, quantity }),
      });
    } else {
      put(
        answer,
        h(
          "div",
          { class: "notice bad", role: "alert" },
          h("p", {}, explained(problem)),
          problem.code === "SOLD_OUT" &&
            h("p", {}, h("a", { href: `/events/${id}` }, "Look at other parts of the hall")),
          problem.code === "TICKET_LIMIT_REACHED" &&
            h("p", {}, h("a", { href: "/bookings" }, "Look at what you have booked")),
        ),
      );
    }
    showChoice();
  }

  // --- What happens meanwhile ---

  async function ownSeats() {
    if (user?.role !== "buyer") return [];
    const { items } = await read(`/api/booking?event_id=${id}&limit=50`);
    return items
      .filter((one) => MINE.has(one.status) && one.section === section && one.subsection === Number(number))
      .flatMap((one) => one.seat_positions);
  }

  async function refresh() {
    const next = await read(path).catch(() => null);
    if (!next) return null;
    map = next;
    const changed = seats.show(map);
    if (changed.length) {
      tellChanges(changes, changed);
      put(marks, legend(map, { hasOwn: own.length > 0 }));
    }
    const lost = chosen.filter((position) => seats.seat(position).status !== "available");
    if (lost.length && !isBusy) {
      const wished = chosen;
      // Whoever was faster may be the same person, in another window.
      own = await ownSeats().catch(() => own);
      choose(chosen.filter((one) => !lost.includes(one)));
      seats.mark(chosen, own);
      put(marks, legend(map, { hasOwn: own.length > 0 }));
      if (lost.every((one) => own.includes(one))) tellOwn(lost);
      else offerInstead(answer, {
        text: `${seatsInWords(lost)}: somebody was faster.`,
        where,
        positions: wished,
        currency: map.currency,
        priceOf: (position) => seats.seat(position)?.price,
        take: ({ seat_selection_mode, seat_positions, quantity }) =>
          submit({ seat_selection_mode, seat_positions, quantity }),
      });
    }
    showChoice();
    return next;
  }

  function tellOwn(positions) {
    const text = `${seatsInWords(positions)}: yours already. `;
    put(answer, h("p", { class: "notice warn", role: "status" }, text, h("a", { href: "/bookings" }, "My bookings")));
  }

  const readAgain = mapReader(refresh);
  setInterval(() => {
    if (!document.hidden) readAgain();
  }, READ_EVERY_MS);

  const readEvent = paced(async () => {
    event = await read(`/api/event/${id}`).catch(() => event);
    showSale();
  }, EVENT_EVERY_MS_MIN);
  const hear = (update) => {
    event = { ...event, status: update.status };
    showSale();
    // It may be hidden or shown, or opens at another time.
    if (!update.sections.length) readEvent();
    const part = update.sections.find((one) => one.section === section && one.subsection === Number(number));
    if (part) readAgain(part);
  };
  const begin = (update) => {
    if (connections > 1) readEvent(); // what changed while nothing was heard
    hear(update);
  };
  follow(`/api/event/${id}/sse`, { initial_status: begin, status_update: hear }, (isLive) => {
    if (isLive) connections += 1;
    live.dataset.state = isLive ? "on" : "off";
    setText(live, isLive ? "Live: what others take is seen at once" : "Not live just now");
  });

  function showSale() {
    title(`${section} ${number}, ${event.name}`);
    setText(words.name, event.name);
    put(words.place, placeAndTime(event));
    showChoice();
    sale.show(event);
  }
});

const holdTime = (seconds) =>
  seconds >= 120 ? `${count(Math.floor(seconds / 60))} minutes` : plural(seconds, "second");

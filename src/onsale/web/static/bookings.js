import { now, read } from "./api.js";
import { h, put } from "./dom.js";
import { fillByPage } from "./paging.js";
import { everySecond, page, title } from "./shell.js";
import { bookingStatus, moment, money, plural, seatsInWords, timeLeft } from "./words.js";

page(
  async (main) => {
    title("My bookings");
    const list = h("ul", { class: "list panel", hidden: true });
    const more = h("div", { class: "row" });
    put(main, h("header", { class: "heading" }, h("h1", {}, "My bookings")), h("div", { class: "stack" }, list, more));
    const names = new Map();
    const nameOf = async (id) => {
      if (!names.has(id))
        names.set(
          id,
          read(`/api/event/${id}`).then(
            (event) => event.name,
            () => `Event ${id}`,
          ),
        );
      return names.get(id);
    };
    await fillByPage({
      path: "/api/booking?limit=20",
      list,
      more,
      entry: async (booking) => entry(booking, await nameOf(booking.event_id)),
      label: "Show older bookings",
      empty: [
        h("h2", {}, "You have no bookings yet"),
        h("p", { class: "soft" }, "Tickets that you buy stand here, and stay here."),
        h("a", { class: "button primary", href: "/" }, "See all events"),
      ],
    });
  },
  { role: "buyer" },
);

function entry(booking, name) {
  const [label, tone] = bookingStatus(booking);
  const pill = h("span", { class: `pill ${tone}` }, label);
  if (booking.status === "pending_payment") {
    everySecond(() => {
      const seconds = (Date.parse(booking.expires_at) - now()) / 1000;
      pill.textContent = seconds > 0 ? `Held, ${timeLeft(seconds)} to pay` : "Time ran out";
      return seconds > 0;
    });
  }
  const seats = booking.seat_positions.length ? seatsInWords(booking.seat_positions) : plural(booking.quantity, "seat");
  return h(
    "li",
    {},
    h(
      "a",
      { href: `/bookings/${booking.id}` },
      h("strong", {}, name),
      h("span", {}, pill),
      h("span", { class: "soft" }, `${booking.section} ${booking.subsection} · ${seats}`),
      h(
        "span",
        { class: "soft money" },
        `${money(booking.total_price, booking.currency)} · ${moment(booking.created_at)}`,
      ),
    ),
  );
}

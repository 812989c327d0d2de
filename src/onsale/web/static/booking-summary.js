// What a booking is of: its seats and their prices.

import { h } from "./dom.js";
import { money, plural, seatsInWords } from "./words.js";

export function summary(booking) {
  const seats = booking.tickets.length
    ? booking.tickets.map((ticket) => [
        `Row ${ticket.row}, seat ${ticket.seat}`,
        money(ticket.price, booking.currency),
      ])
    : [
        [
          booking.seat_positions.length ? seatsInWords(booking.seat_positions) : plural(booking.quantity, "seat"),
          money(booking.total_price, booking.currency),
        ],
      ];
  return h(
    "section",
    { class: "panel stack", "aria-label": "Seats" },
    h("h2", {}, `${booking.section} ${booking.subsection}`),
    h(
      "ul",
      { class: "chosen" },
      seats.map(([name, cost]) => h("li", {}, h("span", {}, name), h("span", {}, cost))),
    ),
    h("p", { class: "total" }, h("span", {}, "Total"), h("span", {}, money(booking.total_price, booking.currency))),
  );
}

export const refund = (booking) =>
  `The ${money(booking.total_price, booking.currency)} that you paid are given back to your card.`;

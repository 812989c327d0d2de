// The tickets of a booking, to be shown at the door or printed.

import { refund, summary } from "./booking-summary.js";
import { h, put } from "./dom.js";
import { notice } from "./shell.js";
import { day, money, moment, plural } from "./words.js";

/** Shows the tickets of a paid booking in `body`, or why they are good for nothing any more. */
export function tickets(body, booking, event) {
  if (event.status === "cancelled") {
    put(
      body,
      notice("bad", h("p", {}, "The event was cancelled by its seller. ", refund(booking))),
      h("p", { class: "soft" }, "These tickets let nobody in any more."),
      summary(booking),
    );
    return;
  }
  put(
    body,
    h(
      "div",
      { class: "row apart no-print" },
      h(
        "p",
        {},
        `${plural(booking.tickets.length, "ticket")}, ${money(booking.total_price, booking.currency)}`,
        booking.paid_at && `, paid ${moment(booking.paid_at)}`,
      ),
      h("button", { class: "button", type: "button", on: { click: () => print() } }, "Print"),
    ),
    h("ul", { class: "tickets" }, booking.tickets.map((ticket) => ticketCard(ticket, booking, event))),
  );
}

function ticketCard(ticket, booking, event) {
  const fact = (name, value) => h("div", {}, h("dt", {}, name), h("dd", {}, value));
  return h(
    "li",
    { class: "ticket" },
    h(
      "header",
      {},
      h("p", { class: "eyebrow" }, event.starts_at ? day(event.starts_at) : "Date to be announced"),
      h("h2", {}, event.name),
      h("p", { class: "soft" }, event.venue_name),
    ),
    h(
      "dl",
      {},
      fact("Section", `${ticket.section} ${ticket.subsection}`),
      fact("Row", ticket.row),
      fact("Seat", ticket.seat),
    ),
    ticket.code && h("div", { class: "code" }, picture(ticket, booking), h("code", {}, ticket.code)),
  );
}

/** The code as a picture. One that did not come is asked for again by hand; until then the code
    itself, below, can be typed at the door. */
function picture(ticket, booking) {
  const place = h("div", { class: "picture" });
  const seat = `row ${ticket.row}, seat ${ticket.seat}`;
  const load = () =>
    put(
      place,
      h("img", {
        src: `/api/booking/${booking.id}/tickets/${ticket.id}/qr.svg`,
        alt: `Code for ${seat}`,
        width: 320,
        height: 320,
        on: { error: fail },
      }),
    );
  const fail = () => {
    put(
      place,
      h("p", { class: "soft small" }, "The picture did not load."),
      h(
        "button",
        { class: "button no-print", type: "button", "aria-label": `Load the picture for ${seat} again`, on: { click: load } },
        "Load it again",
      ),
    );
    window.addEventListener("online", () => place.querySelector("img") ?? load(), { once: true });
  };
  load();
  return place;
}

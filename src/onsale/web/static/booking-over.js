// A booking that came to nothing: why, and how its buyer may yet have seats.

import { pause } from "./api.js";
import { refund } from "./booking-summary.js";
import { h, put } from "./dom.js";
import { offerInstead, placeAndGo } from "./orders.js";
import { notice, signInAddress, working } from "./shell.js";
import { explained, failure } from "./words.js";

const HOLD_AGAIN_TIMES_MAX = 2;
// Refusals after which other seats may be had.
const OTHERS_HELP = new Set(["SEAT_CONFLICT", "ORPHAN_SEAT", "SOLD_OUT"]);

const whereOf = ({ event_id, section, subsection }) => ({ event_id, section, subsection });
const addressOf = ({ event_id, section, subsection }) =>
  `/events/${event_id}/${encodeURIComponent(section)}/${subsection}`;

/** Shows in `body` why there were no seats, and others to take instead. */
export function failed(body, booking, user) {
  const answer = h("div", {});
  const more = h(
    "div",
    { class: "row" },
    h("a", { class: "button", href: addressOf(booking) }, "Look at this part again"),
    h("a", { class: "button", href: `/events/${booking.event_id}` }, "Look at the whole hall"),
  );
  put(body, answer, h("p", { class: "soft" }, "Nothing was charged."), more);
  offerInstead(answer, {
    problem: booking.failure_reason === "sold_out" ? { code: "SOLD_OUT" } : null,
    text: failure(booking.failure_reason)[1],
    where: whereOf(booking),
    positions: booking.seat_positions,
    quantity: booking.quantity,
    currency: booking.currency,
    priceOf: () => undefined,
    take: (wanted) => ask(answer, booking, user, wanted),
  });
}

/** Ask for seats; if they are gone, offer others. Seats that have just run out are remembered as
    taken for a moment, so they are asked for so many times more. */
async function ask(answer, booking, user, wanted, timesMore = 0) {
  try {
    await placeAndGo(user.id, wanted, (text) => put(answer, working(text)));
  } catch (problem) {
    if (problem.code === "SEAT_CONFLICT" && timesMore > 0) {
      await pause(1);
      await ask(answer, booking, user, wanted, timesMore - 1);
    } else if (problem.status === 401) location.replace(signInAddress());
    else if (OTHERS_HELP.has(problem.code))
      await offerInstead(answer, {
        problem,
        where: whereOf(booking),
        positions: wanted.seat_positions,
        quantity: wanted.quantity,
        currency: booking.currency,
        priceOf: () => undefined,
        take: (other) => ask(answer, booking, user, other),
      });
    else put(answer, notice("bad", h("p", {}, explained(problem))));
  }
}

function holdAgain(button, body, booking, user) {
  button.disabled = true;
  const answer = h("div", {});
  body.append(answer);
  const positions = booking.seat_positions;
  const wanted = {
    ...whereOf(booking),
    seat_selection_mode: "manual",
    seat_positions: positions,
    quantity: positions.length,
  };
  return ask(answer, booking, user, wanted, HOLD_AGAIN_TIMES_MAX);
}

/** Shows in `body` why a booking is over, and where to go on. */
export function cancelled(body, booking, user) {
  const texts = {
    expired: ["bad", "The time to pay ran out, so the seats are offered to others again. Nothing was charged."],
    event_cancelled: [
      "bad",
      `The event was cancelled by its seller. ${booking.paid_at ? refund(booking) : "Nothing was charged."}`,
    ],
    buyer: ["", "You have given these seats up. Nothing was charged."],
  };
  const [kind, text] = texts[booking.cancel_reason] ?? texts.buyer;
  const isOver = booking.cancel_reason === "event_cancelled";
  put(
    body,
    notice(kind, h("p", {}, text)),
    h(
      "div",
      { class: "row" },
      booking.cancel_reason === "expired" &&
        booking.seat_positions.length > 0 &&
        h(
          "button",
          {
            class: "button primary",
            type: "button",
            on: { click: (clicked) => holdAgain(clicked.target, body, booking, user) },
          },
          "Hold the same seats again",
        ),
      !isOver && h("a", { class: "button", href: addressOf(booking) }, "Back to the seats"),
      h("a", { class: "button", href: "/" }, "All events"),
    ),
  );
}

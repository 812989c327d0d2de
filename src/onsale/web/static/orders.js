// Asks for seats, exactly once: a request keeps its key until it is answered, whatever happens to
// the connection or the page meanwhile.

import { call, isOpen, newKey, pause, read, Unreachable } from "./api.js";
import { h, put } from "./dom.js";
import { explained, money, seatsInWords } from "./words.js";

const SLOT = "onsale.order";
const ATTEMPTS_MAX = 40;
const PAUSE_SECONDS_MAX = 5;

function pending() {
  try {
    return JSON.parse(sessionStorage.getItem(SLOT));
  } catch {
    return null;
  }
}

/** Another one may have been begun meanwhile. */
function forget(order) {
  if (pending()?.key === order.key) sessionStorage.removeItem(SLOT);
}

/** Book and return the booking. The same request is repeated, with its key, until it is answered;
    `waiting(text)` hears that it takes longer. Throws `Problem` if it is refused. */
export async function place(userId, body, waiting = () => {}) {
  const text = JSON.stringify(body);
  let order = pending();
  if (order?.userId !== userId || JSON.stringify(order.body) !== text) {
    order = { key: newKey(), userId, body };
    sessionStorage.setItem(SLOT, JSON.stringify(order));
  }
  for (let attempt = 1; ; attempt += 1) {
    try {
      const booking = await call("POST", "/api/booking", { body, key: order.key });
      forget(order);
      return booking;
    } catch (error) {
      // Who has to sign in first comes back to the same request.
      if (!isOpen(error) && error.status !== 401) forget(order);
      if (!isOpen(error) || attempt === ATTEMPTS_MAX) throw error;
      waiting(
        error.isPassing
          ? "Very many people are booking. Your request is sent again by itself."
          : "No answer yet. Your request is sent again as soon as there is a connection; it counts once.",
      );
      await pause(Math.min(PAUSE_SECONDS_MAX, Math.max(attempt, error.retryAfterSeconds ?? 0)));
    }
  }
}

/** Finish what was under way when the page was left or reloaded. `show(text, leave)` tells of it;
    whoever calls `leave()` sees the page at once, and the request goes on behind it. */
export async function resumeOrder(userId, show) {
  const order = pending();
  if (!order) return;
  if (order.userId !== userId) {
    sessionStorage.removeItem(SLOT);
    return;
  }
  let isLeft = false;
  let leave;
  const left = new Promise((resolve) => {
    leave = () => {
      isLeft = true;
      resolve();
    };
  });
  const tell = (text) => isLeft || show(text, leave);
  const finish = async () => {
    try {
      const booking = await place(userId, order.body, tell);
      if (isLeft) return;
      location.replace(`/bookings/${booking.id}`);
      await new Promise(() => {}); // the page is being left
    } catch (error) {
      if (error instanceof Unreachable && !isLeft) throw error;
      // Refused: whoever is asked next says so again.
    }
  };
  tell("Finishing the request that you had begun");
  await Promise.race([finish(), left]);
}

/** Book and go where its progress is shown. */
export async function placeAndGo(userId, body, waiting) {
  const booking = await place(userId, body, waiting);
  location.assign(`/bookings/${booking.id}`);
}

/** Groups of free seats close to those that cannot be had, nearest first. */
async function alternatives(problem, where, positions) {
  if (problem?.body?.alternatives) return problem.body.alternatives;
  if (!positions.length) return [];
  try {
    const found = await read(
      `/api/event/${where.event_id}/sections/${encodeURIComponent(where.section)}/subsection/${where.subsection}/alternatives?seats=${positions.join(",")}`,
    );
    return found.alternatives;
  } catch {
    return []; // What is refused stays refused; this would only have been an offer.
  }
}

/** Shows why there were no seats, and others to take instead, each with one click. `priceOf` gives
    the price of a position, or undefined where it is not known. */
export async function offerInstead(
  place_,
  { problem, text, where, positions, quantity = positions.length, currency, priceOf, take },
) {
  const offers = h("div", { class: "offers" });
  put(place_, h("div", { class: "notice bad", role: "alert" }, h("p", {}, text ?? explained(problem)), offers));
  const groups = await alternatives(problem, where, positions);
  const button = (label, cost, body) =>
    h(
      "button",
      {
        class: "button",
        type: "button",
        on: {
          click: () => {
            // One of them is taken, and once, however often it is clicked.
            for (const one of offers.querySelectorAll("button")) one.disabled = true;
            take({ ...where, ...body });
          },
        },
      },
      h("span", {}, label),
      cost && h("span", { class: "money" }, cost),
    );
  put(
    offers,
    groups.length ? h("p", {}, "Free at the moment, as near as possible:") : null,
    groups.map((group) => {
      const prices = group.map(priceOf);
      const cost = prices.every((price) => price !== undefined)
        ? money(
            prices.reduce((sum, price) => sum + price, 0),
            currency,
          )
        : null;
      return button(`Take ${seatsInWords(group).toLowerCase()}`, cost, {
        seat_selection_mode: "manual",
        seat_positions: group,
        quantity: group.length,
      });
    }),
    problem?.code === "SOLD_OUT"
      ? null
      : button(`Take the best ${quantity > 1 ? `${quantity} seats` : "seat"} left here`, null, {
          seat_selection_mode: "best_available",
          seat_positions: [],
          quantity,
        }),
  );
}

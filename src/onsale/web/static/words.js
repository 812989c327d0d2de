// What things are called, and how amounts, times and positions are written.

const amounts = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const counts = new Intl.NumberFormat("en");
const days = new Intl.DateTimeFormat("en-GB", {
  weekday: "short",
  day: "numeric",
  month: "long",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
});
const moments = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});
const momentsOfOtherYears = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
});

/** "45.00 USD" from cents. */
export const money = (cents, currency) => `${amounts.format(cents / 100)} ${currency}`;
export const count = (number) => counts.format(number);
export const day = (text) => days.format(new Date(text));
export const moment = (text) => {
  const time = new Date(text);
  return (time.getFullYear() === new Date().getFullYear() ? moments : momentsOfOtherYears).format(time);
};
export const plural = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** "4:05", "1:02:07", "2 days 03:00:00". */
export function timeLeft(seconds) {
  const whole = Math.max(0, Math.ceil(seconds));
  const two = (number) => String(number).padStart(2, "0");
  const [d, hours, minutes, rest] = [
    Math.floor(whole / 86400),
    Math.floor(whole / 3600) % 24,
    Math.floor(whole / 60) % 60,
    whole % 60,
  ];
  if (d) return `${plural(d, "day")} ${two(hours)}:${two(minutes)}:${two(rest)}`;
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** "Row 1, seats 3 and 4; row 2, seat 1" from positions. */
export function seatsInWords(positions) {
  const rows = new Map();
  for (const position of positions) {
    const [row, seat] = position.split("-").map(Number);
    rows.set(row, [...(rows.get(row) ?? []), seat]);
  }
  const parts = [...rows].map(([row, seats]) => {
    const sorted = seats.toSorted((a, b) => a - b);
    const list = sorted.length > 1 ? `${sorted.slice(0, -1).join(", ")} and ${sorted.at(-1)}` : String(sorted[0]);
    return `row ${row}, seat${sorted.length > 1 ? "s" : ""} ${list}`;
  });
  return capital(parts.join("; "));
}

export const STATUS = {
  processing: ["Finding your seats", ""],
  pending_payment: ["Held for you", "warn"],
  paid: ["Paid", "good"],
  completed: ["Paid", "good"],
  failed: ["No seats", "bad"],
  cancelled: ["Given up", ""],
};

const CANCELLED = { expired: "Time ran out", event_cancelled: "Event cancelled", buyer: "Given up" };
export const bookingStatus = (booking) =>
  booking.status === "cancelled"
    ? [CANCELLED[booking.cancel_reason] ?? "Cancelled", booking.cancel_reason === "buyer" ? "" : "bad"]
    : (STATUS[booking.status] ?? [booking.status, ""]);

const DECLINED = {
  insufficient_funds: "There is not enough money on this card.",
  expired_card: "This card has expired.",
  incorrect_cvc: "The card's security code was not accepted.",
  lost_card: "This card cannot be used.",
  stolen_card: "This card cannot be used.",
  processing_error: "The card could not be processed just now.",
};

const SEATS_TOLD_MAX = 10;
const REFUSED = {
  SEAT_CONFLICT: "Somebody was faster: these seats are taken.",
  SOLD_OUT: "There are not that many seats left here.",
  EVENT_NOT_ON_SALE: "This event is not on sale.",
  EVENT_CANCELLED: "This event was cancelled.",
  HOLD_EXPIRED: "The time to pay has run out, and the seats are offered again.",
  PAYMENT_IN_PROGRESS: "A payment for this booking is already under way.",
  ORPHAN_SEAT: "This choice would leave a seat alone that nobody takes any more. Please take others.",
  RATE_LIMITED: "That was very often. Please wait a moment.",
  UNAVAILABLE: "The service is very busy. Please try again in a moment.",
  EVENT_NOT_FOUND: "There is no such event.",
  SUBSECTION_NOT_FOUND: "The event has no such part of the hall.",
  BOOKING_NOT_FOUND: "There is no such booking.",
  NOT_OWNER: "This belongs to somebody else.",
  FORBIDDEN_ROLE: "Your account is not made for this.",
};

const sentence = (text) => capital(/[.!?]$/.test(text) ? text : `${text}.`);

/** What a person is told about an error, in sentences. */
export function explained(error) {
  if (error?.code === "PAYMENT_DECLINED")
    return `The card was declined. ${DECLINED[error.body.decline_reason] ?? "Your bank gave no further reason."} Your seats are still held.`;
  if (error?.code === "TICKET_LIMIT_REACHED") return limitInWords(error.body);
  if (error?.code === "SEAT_CONFLICT" && error.body.seats.length <= SEATS_TOLD_MAX)
    return `Somebody was faster: ${seatsInWords(error.body.seats).toLowerCase()}.`;
  if (error?.code === "ORPHAN_SEAT")
    return `This choice would leave ${seatsInWords(error.body.left_alone).toLowerCase()} alone. Please take others.`;
  if (error?.code === "VALIDATION_ERROR" && error.body.errors?.length)
    return error.body.errors.map((one) => sentence(one.message)).join(" ");
  if (error?.name === "Error" && !error.code) return "The service cannot be reached. Please check your connection.";
  return REFUSED[error?.code] ?? error?.message ?? "Something went wrong.";
}

function limitInWords({ limit, taken }) {
  const left = limit - taken;
  return [
    `One person may have ${plural(limit, "ticket")} for this event`,
    taken ? `, and you have ${count(taken)} already.` : ".",
    left > 0 ? ` You can take ${plural(left, "more", "more")}.` : "",
  ].join("");
}

const FAILED = {
  seat_conflict: ["These seats were gone", REFUSED.SEAT_CONFLICT],
  orphan_seat: ["A seat would be left alone", REFUSED.ORPHAN_SEAT],
  sold_out: ["There are not enough seats", REFUSED.SOLD_OUT],
};

/** Why a booking got no seats: in a few words, and in a sentence. */
export const failure = (reason) =>
  FAILED[reason] ?? ["No seats were found", "Your request could not be fulfilled. Please try again."];

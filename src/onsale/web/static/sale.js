// Whether an event can be bought now, in one place for all pages.

import { now } from "./api.js";
import { moment } from "./words.js";

/** `name`: open, upcoming, sold_out, draft, hidden or cancelled. */
export function saleState(event) {
  if (event.status === "cancelled") return { name: "cancelled", label: "Cancelled", tone: "bad" };
  if (!event.is_active) return { name: "hidden", label: "Not on sale", tone: "" };
  if (event.on_sale_at && Date.parse(event.on_sale_at) > now())
    return { name: "upcoming", label: `From ${moment(event.on_sale_at)}`, tone: "warn" };
  if (event.status === "draft") return { name: "draft", label: "Opens soon", tone: "warn" };
  if (event.status === "sold_out") return { name: "sold_out", label: "Sold out", tone: "bad" };
  if (event.starts_at && Date.parse(event.starts_at) < now()) return { name: "open", label: "Has begun", tone: "" };
  return { name: "open", label: "On sale", tone: "good" };
}

/** An event that was read while its stream stood: it may have been made before what the stream told since. */
export const asTold = (read, { status, sections }) => ({ ...read, status, sections });

/** How much is left of a part of the hall: many, some, few or none. */
export function howMuchIsLeft(part) {
  const all = part.rows * part.seats_per_row;
  if (part.available === 0) return "none";
  if (part.available >= all * 0.5) return "many";
  return part.available >= all * 0.15 ? "some" : "few";
}

export const LEFT_IN_WORDS = { many: "Many left", some: "Filling up", few: "Last seats", none: "Sold out" };

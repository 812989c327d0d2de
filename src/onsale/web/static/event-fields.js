// What a seller says of an event, in fields: where it is made, and where it is changed.

import { now } from "./api.js";
import { field, h } from "./dom.js";

/** Fields by what the service calls them, filled with what the event has. */
export function eventFields(event = {}) {
  return {
    name: field("name", "Name", h("input", { required: true, maxlength: 255, value: event.name })),
    venue_name: field("venue_name", "Venue", h("input", { required: true, maxlength: 255, value: event.venue_name })),
    description: field("description", "Description", h("textarea", { maxlength: 10000, value: event.description })),
    starts_at: timeField("starts_at", "Begins", event.starts_at, "In your local time; may be told later"),
  };
}

export const onSaleField = (event = {}) =>
  timeField("on_sale_at", "On sale from", event.on_sale_at, "Empty: at once");

export const perBuyerField = (event = {}) =>
  field(
    "max_tickets_per_buyer",
    "Tickets per buyer",
    h("input", { type: "number", min: 1, max: 100, value: event.max_tickets_per_buyer }),
    "Empty: no limit",
  );

/** What stands in fields, by their names. */
export const valuesOf = (fields) =>
  Object.fromEntries(Object.entries(fields).map(([name, { control }]) => [name, control.value]));

/** Fill fields with what `valuesOf` gave; one without a value stays as it is. */
export function fillIn(fields, values) {
  for (const [name, { control }] of Object.entries(fields)) control.value = values?.[name] ?? control.value;
}

/** The time in a field as the service has it; null if there is none. */
export const timeIn = ({ control }) => (control.value ? new Date(control.value).toISOString() : null);

/** Say beside each field what is wrong with it; returns the first of those fields. */
export function wrongField(fields) {
  let first = null;
  for (const one of Object.values(fields)) {
    const isRight = one.control.checkValidity();
    one.say(isRight ? "" : one.control.validationMessage);
    if (!isRight) first ??= one;
  }
  return first;
}

/** Say beside its field what the service found wrong; returns the first, or null if none is meant. */
export function refusedField(fields, error) {
  let first = null;
  for (const one of error.body?.errors ?? []) {
    if (!fields[one.field]) continue;
    fields[one.field].say(one.message);
    first ??= fields[one.field];
  }
  return first;
}

export const hasBegun = ({ control }) => Date.parse(control.value) < now();
export const isAfter = (opens, begins) => Date.parse(opens) > Date.parse(begins);

function timeField(id, label, text, hint) {
  return field(id, label, h("input", { type: "datetime-local", value: localTime(text) }), hint);
}

function localTime(text) {
  if (!text) return "";
  const time = new Date(text);
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

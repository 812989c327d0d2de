// What a seller can change of an event that is there.

import { h } from "./dom.js";
import {
  eventFields,
  hasBegun,
  isAfter,
  onSaleField,
  perBuyerField,
  timeIn,
  valuesOf,
  wrongField,
} from "./event-fields.js";

/** Forms for an event, folded until they are asked for. `current()` is the event as it is; `change(changes, done, {place, fields})` asks
    for changes and tells at the place, or beside a field, what became of it: true if they are made. */
export function settings(current, change) {
  return [details(current, change), timing(current, change), rules(current, change)];
}

/** What was not touched is not sent: it may have been changed in another window. */
const touched = (values, shown) =>
  Object.fromEntries(Object.entries(values).filter(([name, value]) => value !== shown[name]));

/** A form that asks for what of `values()` was touched, or for what `asked` makes of it, unless a field is
    wrong; `fault(changes)` finds the field that is wrong only beside others. */
function panel({ heading, label, fields, children, values, done, asked = touched, fault = () => null }, change) {
  const place = h("div", {});
  let shown = values();
  const submit = async (submitted) => {
    submitted.preventDefault();
    const sent = values();
    const changes = asked(sent, shown);
    const wrong = wrongField(fields) ?? fault(changes);
    if (wrong) wrong.control.focus();
    else if (await change(changes, done, { place, fields })) shown = sent;
  };
  return h(
    "details",
    { class: "panel" },
    h("summary", {}, h("h2", {}, heading)),
    h(
      "form",
      { class: "stack", novalidate: true, on: { submit } },
      children,
      h("div", {}, h("button", { class: "button", type: "submit" }, label)),
      place,
    ),
  );
}

function details(current, change) {
  const fields = eventFields(current());
  const { name, venue_name, description, starts_at } = fields;
  return panel(
    {
      heading: "Name, place and time",
      label: "Change the event",
      fields,
      children: [
        name.box,
        venue_name.box,
        description.box,
        h("div", { class: "fields broad" }, starts_at.box),
        h("p", { class: "soft small" }, "Tickets that were bought stay good, and show what you write here."),
      ],
      values: () => ({ ...valuesOf(fields), starts_at: timeIn(starts_at) }),
      fault(changes) {
        if (!("starts_at" in changes)) return null;
        if (hasBegun(starts_at)) starts_at.say("This time is over.");
        else if (isAfter(current().on_sale_at, starts_at.control.value))
          starts_at.say("The sale would begin after the event.");
        else return null;
        return starts_at;
      },
      done: "The event is changed.",
    },
    change,
  );
}

function timing(current, change) {
  const opens = onSaleField(current());
  return panel(
    {
      heading: "When the sale begins",
      label: "Set the time",
      fields: { on_sale_at: opens },
      children: h("div", { class: "fields broad" }, opens.box),
      fault() {
        if (!isAfter(opens.control.value, current().starts_at)) return null;
        opens.say("The sale would begin after the event.");
        return opens;
      },
      values: () => ({ on_sale_at: timeIn(opens) }),
      // Whoever sets one time means it, whatever it was.
      asked: (values) => values,
      done: "The time is set.",
    },
    change,
  );
}

function rules(current, change) {
  const limit = perBuyerField(current());
  const noSingles = h("input", { type: "checkbox", checked: current().leave_no_single_seats });
  return panel(
    {
      heading: "The rules",
      label: "Set the rules",
      fields: { max_tickets_per_buyer: limit },
      children: [
        h("div", { class: "fields broad" }, limit.box),
        h("label", { class: "choice" }, noSingles, "Nobody may leave a single seat between others"),
      ],
      values: () => ({
        max_tickets_per_buyer: limit.control.value ? Number(limit.control.value) : null,
        leave_no_single_seats: noSingles.checked,
      }),
      done: "The rules hold from now on.",
    },
    change,
  );
}

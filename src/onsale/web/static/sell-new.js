import { call, isOpen } from "./api.js";
import { field, h, put } from "./dom.js";
import { draftOf, forgetDraft, keepDraft } from "./event-draft.js";
import {
  eventFields,
  fillIn,
  hasBegun,
  isAfter,
  onSaleField,
  perBuyerField,
  refusedField,
  timeIn,
  valuesOf,
  wrongField,
} from "./event-fields.js";
import { hallForm } from "./hall-form.js";
import { drawn } from "./hall-preview.js";
import { notice, page, title } from "./shell.js";
import { explained } from "./words.js";

page(
  async (main, user) => {
    title("New event");
    const wrong = h("div", {});
    const preview = h("div", { class: "stack" });
    const currency = field(
      "currency",
      "Currency",
      h("input", { value: "USD", required: true, pattern: "[A-Z]{3}", maxlength: 3, autocapitalize: "characters" }),
      "Three letters, such as USD",
    );
    const holdMinutes = field(
      "hold_seconds",
      "Minutes to pay",
      h("input", { type: "number", min: 1, max: 120, value: "10", required: true }),
    );
    const perBooking = field(
      "max_tickets_per_booking",
      "Seats per booking",
      h("input", { type: "number", min: 1, max: 10, value: "4", required: true }),
    );
    const noSingles = h("input", { type: "checkbox" });
    const isPublic = h("input", { type: "checkbox", checked: true });
    const fields = {
      ...eventFields(),
      on_sale_at: onSaleField(),
      currency,
      hold_seconds: holdMinutes,
      max_tickets_per_booking: perBooking,
      max_tickets_per_buyer: perBuyerField(),
    };
    const { name, venue_name: venue, description, starts_at: startsAt, on_sale_at: onSaleAt } = fields;
    const perBuyer = fields.max_tickets_per_buyer;
    const hall = hallForm(() => {
      show();
      keep();
    });
    const send = h("button", { class: "button primary", type: "submit" }, "Create event");
    const form = h(
      "form",
      { class: "stack wide", novalidate: true },
      wrong,
      h(
        "section",
        { class: "panel stack", "aria-labelledby": "about" },
        h("h2", { id: "about" }, "The event"),
        name.box,
        venue.box,
        description.box,
        h("div", { class: "fields broad" }, startsAt.box, onSaleAt.box),
      ),
      h(
        "section",
        { class: "panel stack", "aria-labelledby": "hall" },
        h("h2", { id: "hall" }, "The hall"),
        h(
          "p",
          { class: "soft" },
          "A section has a name and a price, such as the stalls; its parts are blocks of rows, each with a map of its own.",
        ),
        hall.element,
      ),
      h(
        "section",
        { class: "panel stack", "aria-labelledby": "rules" },
        h("h2", { id: "rules" }, "The rules"),
        h("div", { class: "fields" }, currency.box, holdMinutes.box, perBooking.box, perBuyer.box),
        h("label", { class: "choice" }, noSingles, "Nobody may leave a single seat between others"),
        h("label", { class: "choice" }, isPublic, "Show it to everybody as soon as it is ready"),
      ),
      h("div", { class: "row" }, send, h("a", { class: "button", href: "/sell", on: { click: forgetDraft } }, "Cancel")),
    );
    form.addEventListener("input", keep);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      create();
    });
    currency.control.addEventListener("input", () => {
      currency.control.value = currency.control.value.toUpperCase();
      show();
    });
    let isSent = false; // and nobody has said what became of it
    bringBack(draftOf(user.id));
    put(
      main,
      h(
        "header",
        { class: "heading" },
        h("p", { class: "crumbs" }, h("a", { href: "/sell" }, "Your events")),
        h("h1", {}, "New event"),
      ),
      h(
        "div",
        { class: "split" },
        form,
        h("aside", { "aria-label": "What the hall will be" }, h("div", { class: "panel" }, preview)),
      ),
    );
    show();

    function show() {
      const { config, fault } = hall.read();
      put(
        preview,
        h("h2", {}, "Preview"),
        fault ? h("p", { class: "notice warn", role: "status" }, fault) : drawn(config, currency.control.value),
      );
    }

    function keep() {
      const rules = { noSingles: noSingles.checked, isPublic: isPublic.checked };
      keepDraft(user.id, { fields: valuesOf(fields), hall: hall.values(), rules, isSent });
    }

    function bringBack(values) {
      fillIn(fields, values?.fields);
      hall.fill(values?.hall);
      noSingles.checked = values?.rules?.noSingles ?? noSingles.checked;
      isPublic.checked = values?.rules?.isPublic ?? isPublic.checked;
      isSent = values?.isSent ?? false;
      if (isSent) put(wrong, unknown());
    }

    async function create() {
      if (send.disabled) return;
      put(wrong);
      wrongField(fields);
      if (hasBegun(startsAt)) startsAt.say("This time is over.");
      else if (isAfter(onSaleAt.control.value, startsAt.control.value))
        onSaleAt.say("The sale would begin after the event.");
      const { config, fault, isTold } = hall.judge();
      if (fault && !isTold) put(wrong, notice("bad", h("p", {}, fault)));
      const first = form.querySelector('[aria-invalid="true"]');
      if (first || fault) {
        (first ?? hall.element.querySelector("input")).focus();
        return;
      }
      send.disabled = true;
      const wasSent = isSent;
      isSent = true;
      keep();
      try {
        const event = await call("POST", "/api/event", {
          seconds: 60,
          body: {
            name: name.control.value,
            description: description.control.value,
            venue_name: venue.control.value,
            seating_config: config,
            is_active: isPublic.checked,
            starts_at: timeIn(startsAt),
            on_sale_at: timeIn(onSaleAt),
            currency: currency.control.value,
            hold_seconds: Number(holdMinutes.control.value) * 60,
            max_tickets_per_booking: Number(perBooking.control.value),
            ...(perBuyer.control.value && { max_tickets_per_buyer: Number(perBuyer.control.value) }),
            ...(noSingles.checked && { leave_no_single_seats: true }),
          },
        });
        forgetDraft();
        location.assign(`/sell/events/${event.id}`);
      } catch (error) {
        send.disabled = false;
        const isUnknown = isOpen(error) && !error.isPassing;
        isSent = wasSent || isUnknown;
        keep();
        const refused = refusedField(fields, error);
        if (refused) refused.control.focus();
        else {
          put(wrong, isUnknown ? unknown() : notice("bad", h("p", {}, explained(error))));
          wrong.scrollIntoView({ block: "nearest" });
        }
      }
    }
  },
  { role: "seller" },
);

/** An event has no key by which a repeat is known: its seller looks first. */
function unknown() {
  const link = h("a", { href: "/sell", target: "_blank" }, "Look at your events (in a new window)");
  const text = "No answer came, so the event may have been created all the same. ";
  return notice("warn", h("p", {}, text, link, " before you create it again."));
}

import { call, read } from "./api.js";
import { isSure } from "./dialog.js";
import { h, put, setText } from "./dom.js";
import { refusedField } from "./event-fields.js";
import { follow, paced } from "./live.js";
import { asTold, saleState } from "./sale.js";
import { blocking } from "./sell-block.js";
import { figures } from "./sell-figures.js";
import { settings } from "./sell-settings.js";
import { address, notice, page, placeAndTime, title } from "./shell.js";
import { explained } from "./words.js";

const READ_EVERY_MS_MIN = 1000;
const READ_EVERY_MS = 5000;

page(
  async (main) => {
    const [, , id] = address();
    let [event, sales] = await Promise.all([read(`/api/event/${id}`), read(`/api/event/${id}/sales`)]);

    const state = h("span", { class: "pill" });
    const live = h("span", { class: "live", "data-state": "off" }, "Connecting");
    let connections = 0;
    let isLive = false;
    const answer = h("div", {});
    const shown = figures();
    const publish = h("button", {
      class: "button",
      type: "button",
      on: {
        click: () =>
          change({ is_active: !event.is_active }, event.is_active ? "Hidden from everybody." : "Everybody can see it."),
      },
    });
    const cancel = h(
      "button",
      { class: "button danger", type: "button", on: { click: () => askToCancel() } },
      "Cancel the event",
    );
    const forms = settings(() => event, change);
    const words = { name: h("h1", {}), place: h("p", { class: "soft" }) };
    const blocked = blocking(event);

    put(
      main,
      h(
        "header",
        { class: "heading" },
        h("p", { class: "crumbs" }, h("a", { href: "/sell" }, "Your events")),
        words.name,
        words.place,
        h("div", { class: "row" }, state, live),
      ),
      h(
        "div",
        { class: "stack wide" },
        answer,
        h(
          "div",
          { class: "row" },
          publish,
          h("a", { class: "button", href: `/events/${id}` }, "What buyers see"),
          h("a", { class: "button", href: `/door/${id}` }, "Open the door"),
          h("a", { class: "button", href: `/api/event/${id}/sales.csv`, download: true }, "Sales as CSV"),
          cancel,
        ),
        shown.tiles,
        shown.chart,
        h("section", { class: "panel stack", "aria-labelledby": "parts" }, h("h2", { id: "parts" }, "By part"), shown.table),
        blocked.element,
        forms,
      ),
    );
    show();

    function show() {
      const sale = saleState(event);
      state.className = `pill ${sale.tone}`;
      setText(state, sale.label);
      setText(publish, event.is_active ? "Hide it" : "Publish it");
      const isCancelled = sale.name === "cancelled";
      publish.disabled = isCancelled;
      cancel.hidden = isCancelled;
      blocked.element.hidden = isCancelled;
      for (const form of forms) form.hidden = isCancelled;
      title(event.name);
      setText(words.name, event.name);
      put(words.place, placeAndTime(event));
      shown.show(event, sales);
    }

    async function change(body, done, { place = answer, fields = {} } = {}) {
      put(place);
      try {
        const changed = await call("PATCH", `/api/event/${id}`, { body });
        event = { ...event, ...changed };
        show();
        put(place, notice("", h("p", {}, done)));
        return true;
      } catch (error) {
        const refused = refusedField(fields, error);
        if (refused) refused.control.focus();
        else put(place, notice("bad", h("p", {}, explained(error))));
        return false;
      }
    }

    async function askToCancel() {
      const wanted = await isSure({
        title: "Cancel this event for good?",
        text: "All bookings end, what was paid is given back, and nothing can be sold again. This cannot be undone.",
        yes: "Cancel the event",
        no: "Keep it",
      });
      cancel.focus();
      if (!wanted) return;
      try {
        const changed = await call("POST", `/api/event/${id}/cancel`);
        event = { ...event, ...changed };
        show();
        put(
          answer,
          notice("warn", h("p", {}, "The event is cancelled. Bookings are being ended and payments given back.")),
        );
      } catch (error) {
        put(answer, notice("bad", h("p", {}, explained(error))));
      }
    }

    const readAgain = paced(async () => {
      sales = await read(`/api/event/${id}/sales`).catch(() => sales);
      show();
    }, READ_EVERY_MS_MIN);
    setInterval(() => {
      if (document.hidden) return;
      readAgain();
      blocked.again();
    }, READ_EVERY_MS);
    const readEvent = paced(async () => {
      const next = await read(`/api/event/${id}`).catch(() => event);
      event = isLive ? asTold(next, event) : next;
      show();
    }, READ_EVERY_MS_MIN);
    const merge = (update) => {
      // In another window it may have been hidden or shown, or opens at another time.
      if (!update.sections.length) readEvent();
      const changed = new Map(update.sections.map((part) => [`${part.section}-${part.subsection}`, part]));
      event = {
        ...event,
        status: event.status === "cancelled" ? "cancelled" : update.status,
        sections: event.sections.map((part) => changed.get(`${part.section}-${part.subsection}`) ?? part),
      };
      show();
      readAgain();
      blocked.again(update.sections);
    };
    const begin = (update) => {
      if (connections > 1) readEvent(); // what changed while nothing was heard
      merge(update);
    };
    follow(`/api/event/${id}/sse`, { initial_status: begin, status_update: merge }, (stands) => {
      isLive = stands;
      if (stands) connections += 1;
      live.dataset.state = isLive ? "on" : "off";
      setText(live, isLive ? "Live" : "Not live just now");
    });
  },
  { role: "seller" },
);

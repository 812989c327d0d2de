// What a webhook was told and is owed, and sending it again.

import { call, pause, read } from "./api.js";
import { field, h, put } from "./dom.js";
import { notice, say } from "./shell.js";
import { count, explained, moment, plural } from "./words.js";

const LOG_COUNT = 20;
const READ_EVERY_MS = 3000;
const SEEN_ATTEMPTS_MAX = 20;
const SEEN_EVERY_SECONDS = 0.5;

const TOLD = {
  "booking.completed": "Booking completed",
  "booking.cancelled": "Booking cancelled",
  "event.sold_out": "Event sold out",
  ping: "Ping",
};
const STATES = { owed: ["Owed", "warn"], delivered: ["Delivered", "good"], dead: ["Given up", "bad"] };
const WRONG = {
  address_refused: "address refused",
  unreachable: "could not be reached",
  tls: "certificate not accepted",
  timeout: "took too long",
  protocol: "no answer",
  redirect: "answered with a redirect",
  status: "not accepted",
  gone: "wants nothing any more",
  disabled: "webhook was disabled",
};

/** Deliveries in `element`, read again and again while it is open; `show()` opens it, and `settled()` waits
    until the newest is no longer owed. */
export function logOf(path, answer) {
  const rows = h("tbody", {});
  const empty = h("p", { class: "soft" }, "Nothing yet");
  const table = h(
    "div",
    { class: "scroll-x", tabindex: "0", role: "region", "aria-label": "Deliveries" },
    h(
      "table",
      {},
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ["When", "What", "State", "Attempts", "Last answer", "Next attempt", "Again"].map((name) =>
            h("th", { scope: "col" }, name),
          ),
        ),
      ),
      rows,
    ),
  );
  const only = field(
    `status-${path.split("/").at(-1)}`,
    "Show",
    h(
      "select",
      { on: { change: () => fetchRows() } },
      h("option", { value: "" }, "All"),
      Object.entries(STATES).map(([name, [text]]) => h("option", { value: name }, text)),
    ),
  );
  const more = h("button", { class: "button", type: "button", hidden: true, on: { click: () => fetchRows(cursor) } }, "Show older");
  let cursor = null;
  let isDeep = false;
  const element = h(
    "details",
    {},
    h("summary", {}, "Deliveries"),
    h("div", { class: "stack" }, h("div", { class: "fields" }, only.box), empty, table, h("div", {}, more)),
  );
  const isOpen = () => element.open && element.isConnected && !document.hidden;
  element.addEventListener("toggle", () => element.open && fetchRows());
  setInterval(() => {
    // Who looks further back is not thrown to the front again.
    if (isOpen() && !isDeep) fetchRows();
  }, READ_EVERY_MS);

  async function fetchRows(after = null) {
    const status = only.control.value;
    const query = `limit=${LOG_COUNT}${status && `&status=${status}`}${after ? `&cursor=${encodeURIComponent(after)}` : ""}`;
    let found;
    try {
      found = await read(`${path}/deliveries?${query}`);
    } catch (error) {
      put(answer, notice("bad", h("p", {}, explained(error))));
      return null;
    }
    const fresh = found.items.map(line);
    isDeep = after !== null;
    cursor = found.next_cursor;
    more.hidden = cursor === null;
    // A button that somebody is at stays where it is.
    if (!isDeep && rows.contains(document.activeElement)) return found.items;
    if (isDeep) rows.append(...fresh);
    else put(rows, fresh);
    empty.hidden = rows.children.length > 0;
    table.hidden = !empty.hidden;
    return found.items;
  }

  function line(delivery) {
    const [text, tone] = STATES[delivery.status];
    const name = TOLD[delivery.type] ?? delivery.type;
    const wrong = WRONG[delivery.last_error] ?? "";
    const told = [delivery.last_status, wrong].filter(Boolean).join(", ");
    const again = h(
      "button",
      {
        class: "button",
        type: "button",
        "aria-label": `Send ${name} of ${moment(delivery.created_at)} again`,
        on: {
          click: async () => {
            again.disabled = true;
            try {
              await call("POST", `${path}/deliveries/${delivery.id}/resend`);
              say("It is being sent again");
              again.blur();
              await settled();
            } catch (error) {
              again.disabled = false;
              put(answer, notice("bad", h("p", {}, explained(error))));
            }
          },
        },
      },
      "Send again",
    );
    const about = delivery.booking_id ?? (delivery.event_id && `Event ${delivery.event_id}`);
    return h(
      "tr",
      {},
      h("td", {}, moment(delivery.created_at)),
      h("th", { scope: "row" }, name, about && h("p", {}, h("code", {}, about))),
      h("td", {}, h("span", { class: `pill ${tone}` }, text)),
      h("td", { class: "number" }, count(delivery.attempts)),
      h("td", {}, told || "none yet"),
      h("td", {}, delivery.next_attempt_at ? moment(delivery.next_attempt_at) : "none"),
      h("td", {}, again),
    );
  }

  /** Look until the newest is no longer owed, or is to be tried again later. */
  async function settled() {
    for (let attempts = 1; attempts <= SEEN_ATTEMPTS_MAX && isOpen(); attempts += 1) {
      const [newest] = (await fetchRows()) ?? [];
      if (newest && (newest.status !== "owed" || newest.last_error)) {
        say(`${TOLD[newest.type] ?? newest.type}: ${STATES[newest.status][0]}, ${plural(newest.attempts, "attempt")}`);
        return;
      }
      await pause(SEEN_EVERY_SECONDS);
    }
  }

  return { element, settled, show: () => (element.open = true) };
}

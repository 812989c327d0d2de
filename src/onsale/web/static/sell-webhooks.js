import { call, pause, read } from "./api.js";
import { field, h, put, setText } from "./dom.js";
import { notice, page, say, title } from "./shell.js";
import { count, explained, moment, plural } from "./words.js";

const LOG_COUNT = 20;
const READ_EVERY_MS = 3000;
const SEEN_ATTEMPTS_MAX = 20;
const SEEN_EVERY_SECONDS = 0.5;

const EVENTS = {
  "booking.completed": "A booking is completed",
  "booking.cancelled": "A booking is cancelled",
  "event.sold_out": "An event is sold out",
};
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

page(
  async (main) => {
    title("Webhooks");
    const answer = h("div", {});
    const list = h("div", { class: "stack wide" });
    put(
      main,
      h(
        "header",
        { class: "heading" },
        h("p", { class: "crumbs" }, h("a", { href: "/sell" }, "Your events")),
        h("h1", {}, "Webhooks"),
        h("p", { class: "soft" }, "Addresses of your own systems that are told, signed, what becomes of your sales."),
      ),
      h("div", { class: "stack wide" }, answer, list, registration(answer, (webhook) => list.prepend(panel(webhook)))),
    );
    for (let cursor = ""; cursor !== null; ) {
      const found = await read(`/api/webhook?limit=100${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
      list.append(...found.items.map(panel));
      cursor = found.next_cursor;
    }

    function panel(webhook) {
      return webhookPanel(webhook, answer);
    }
  },
  { role: "seller" },
);

function registration(answer, registered) {
  const url = field(
    "url",
    "Address",
    h("input", { type: "url", required: true, maxlength: 2000 }),
    "https, at a public address",
  );
  const choices = Object.entries(EVENTS).map(([name, text]) => {
    const box = h("input", { type: "checkbox", checked: true, value: name });
    return { box, label: h("label", { class: "choice" }, box, text) };
  });
  const submit = h("button", { class: "button primary", type: "submit" }, "Register");
  return h(
    "form",
    {
      class: "panel stack",
      novalidate: true,
      "aria-labelledby": "new-webhook",
      on: {
        submit: async (submitted) => {
          submitted.preventDefault();
          const chosen = choices.filter(({ box }) => box.checked).map(({ box }) => box.value);
          url.say("");
          if (!chosen.length) {
            put(answer, notice("bad", h("p", {}, "Choose what the address is to be told.")));
            return;
          }
          submit.disabled = true;
          try {
            const body = { url: url.control.value.trim(), event_types: chosen };
            const webhook = await call("POST", "/api/webhook", { body });
            url.control.value = "";
            registered(webhook);
            put(answer, secretNotice(webhook, "The webhook is registered."));
          } catch (error) {
            put(answer);
            if (error.code === "WEBHOOK_ADDRESS_REFUSED" || error.code === "VALIDATION_ERROR") {
              url.say(explained(error));
              url.control.focus();
            } else put(answer, notice("bad", h("p", {}, explained(error))));
          }
          submit.disabled = false;
        },
      },
    },
    h("h2", { id: "new-webhook" }, "New webhook"),
    url.box,
    h("fieldset", { class: "stack" }, h("legend", {}, "Tell it when"), choices.map(({ label }) => label)),
    h("div", {}, submit),
  );
}

/** The secret is in no other answer, so it stays until the page is left. */
function secretNotice(webhook, text) {
  const secret = h("code", { tabindex: "0" }, webhook.secret);
  return notice(
    "warn",
    h("p", {}, `${text} This is its secret, shown this once; keep it to check signatures with.`),
    h("p", {}, secret),
    h(
      "button",
      {
        class: "button",
        type: "button",
        on: {
          click: () =>
            navigator.clipboard?.writeText(webhook.secret).then(
              () => say("Copied"),
              () => secret.focus(),
            ),
        },
      },
      "Copy the secret",
    ),
  );
}

function webhookPanel(webhook, answer) {
  const path = `/api/webhook/${webhook.id}`;
  const state = h("span", { class: "pill" });
  const about = h("p", { class: "soft" });
  const log = logOf(path, answer);
  const button = (text, click, kind = "") => h("button", { class: `button ${kind}`, type: "button", on: { click } }, text);
  const ping = button("Send a ping", () =>
    attempt(async () => {
      await call("POST", `${path}/test`);
      log.show();
      await log.settled();
    }),
  );
  const use = button("", () =>
    attempt(async () => {
      webhook = await call("PATCH", path, { body: { is_active: !webhook.is_active } });
      show();
      say(webhook.is_active ? "In use" : "Disabled");
    }),
  );
  const rotate = button("New secret", () =>
    attempt(async () => {
      webhook = await call("POST", `${path}/secret`);
      show();
      put(answer, secretNotice(webhook, "For a day both secrets sign."));
    }),
  );
  const element = h(
    "section",
    { class: "panel stack", "aria-labelledby": `webhook-${webhook.id}` },
    h("h2", { id: `webhook-${webhook.id}` }, webhook.url),
    h("div", { class: "row" }, state),
    about,
    h("div", { class: "row" }, ping, rotate, use, button("Remove", askToRemove, "danger")),
    log.element,
  );
  show();
  return element;

  function show() {
    const isGone = webhook.disabled_reason === "gone";
    state.className = `pill ${webhook.is_active ? "good" : "bad"}`;
    setText(state, webhook.is_active ? "In use" : isGone ? "Disabled: it answered 410" : "Disabled");
    setText(use, webhook.is_active ? "Disable" : "Use again");
    ping.disabled = !webhook.is_active;
    const told = webhook.event_types.map((name) => EVENTS[name].toLowerCase()).join("; ");
    const until = webhook.previous_secret_until;
    setText(about, `Told when ${told}.${until ? ` The secret before is good until ${moment(until)}.` : ""}`);
  }

  async function attempt(run) {
    put(answer);
    try {
      await run();
    } catch (error) {
      put(answer, notice("bad", h("p", {}, explained(error))));
    }
  }

  function askToRemove() {
    const dialog = h(
      "dialog",
      { "aria-labelledby": "remove-title" },
      h(
        "form",
        { method: "dialog", class: "stack" },
        h("h2", { id: "remove-title" }, "Remove this webhook?"),
        h("p", {}, "It is told nothing any more, not even what it is owed already, and its log is gone."),
        h(
          "div",
          { class: "row" },
          h("button", { class: "button danger", value: "yes" }, "Remove it"),
          h("button", { class: "button", value: "no" }, "Keep it"),
        ),
      ),
    );
    element.append(dialog);
    dialog.addEventListener("close", () => {
      const isSure = dialog.returnValue === "yes";
      dialog.remove();
      if (!isSure) return;
      attempt(async () => {
        await call("DELETE", path);
        element.remove();
        put(answer, notice("", h("p", {}, "The webhook is removed.")));
      });
    });
    dialog.showModal();
  }
}

/** What a webhook was told and is owed; read again and again while it is open. */
function logOf(path, answer) {
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

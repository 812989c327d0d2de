// One webhook: what it is told, its secret, and what can be done with it.

import { call, now } from "./api.js";
import { isSure } from "./dialog.js";
import { h, put, setText } from "./dom.js";
import { notice, say } from "./shell.js";
import { logOf } from "./webhook-log.js";
import { explained, moment } from "./words.js";

/** What it can be told, in words. */
export const EVENTS = {
  "booking.completed": "A booking is completed",
  "booking.cancelled": "A booking is cancelled",
  "event.sold_out": "An event is sold out",
};

const WHY_DISABLED = { gone: "it answered 410", failing: "nothing arrived for three days" };

/** The secret is in no other answer, so it stays until the page is left. */
export function secretNotice(webhook, text) {
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

export function webhookPanel(webhook, answer) {
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
  const rotate = button("New secret", giveNewSecret);
  let isRotating = false;
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
    const why = WHY_DISABLED[webhook.disabled_reason];
    state.className = `pill ${webhook.is_active ? "good" : "bad"}`;
    setText(state, webhook.is_active ? "In use" : why ? `Disabled: ${why}` : "Disabled");
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

  /** Only the last two secrets sign: a second new one, be it by a double click, ends the one that the receiver
      has. */
  async function giveNewSecret() {
    if (isRotating) return;
    isRotating = true;
    if (await mayEndTheSecretBefore())
      await attempt(async () => {
        webhook = await call("POST", `${path}/secret`);
        show();
        put(answer, secretNotice(webhook, "For a day both secrets sign."));
      });
    isRotating = false;
  }

  async function mayEndTheSecretBefore() {
    const until = webhook.previous_secret_until;
    if (!until || Date.parse(until) <= now()) return true;
    return isSure({
      title: "Another new secret?",
      text: `The secret before would be good until ${moment(until)}. It ends at once: a receiver that has no other takes nothing any more.`,
      yes: "Make another one",
      no: "Keep both",
    });
  }

  async function askToRemove() {
    const wanted = await isSure({
      title: "Remove this webhook?",
      text: "It is told nothing any more, not even what it is owed already, and its log is gone.",
      yes: "Remove it",
      no: "Keep it",
    });
    if (!wanted) return;
    await attempt(async () => {
      await call("DELETE", path);
      element.remove();
      put(answer, notice("", h("p", {}, "The webhook is removed.")));
    });
  }
}

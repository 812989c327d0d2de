import { call, read } from "./api.js";
import { field, h, put } from "./dom.js";
import { notice, page, title } from "./shell.js";
import { EVENTS, secretNotice, webhookPanel } from "./webhook-panel.js";
import { explained } from "./words.js";

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

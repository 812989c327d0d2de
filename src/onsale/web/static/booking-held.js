// A booking that is held: its clock, its payment, and giving it up.

import { call, now } from "./api.js";
import { summary } from "./booking-summary.js";
import { isSure } from "./dialog.js";
import { field, h, put, setText } from "./dom.js";
import { payment } from "./payment.js";
import { everySecond, notice, say } from "./shell.js";
import { explained, money, timeLeft } from "./words.js";

const TEST_CARDS = [
  ["4242 4242 4242 4242", "is accepted"],
  ["4000 0000 0000 0259", "is accepted after three seconds"],
  ["4000 0000 0000 0002", "is declined"],
  ["4000 0000 0000 9995", "has not enough money"],
];

/** Shows a held booking in `body`. `current()` is the booking as it is known, and `reread()` asks for it.
    Returns whether a payment is being made, and how to stop the clock. */
export function held(body, { id, current, reread }) {
  const booking = current();
  const clock = h("p", { class: "clock", role: "timer", "aria-label": "Time left to pay" });
  const answer = h("div", {});
  const send = h(
    "button",
    { class: "button primary block", type: "submit" },
    `Pay ${money(booking.total_price, booking.currency)}`,
  );
  const card = field(
    "card",
    "Card number",
    h("input", {
      class: "card-number",
      inputmode: "numeric",
      autocomplete: "cc-number",
      placeholder: "0000 0000 0000 0000",
      maxlength: 23,
      spellcheck: "false",
    }),
  );
  card.control.addEventListener("input", () => groupDigits(card.control));
  const paying = payment(id, { current, reread }, { card, send, answer });
  const form = h(
    "form",
    {
      class: "panel stack",
      novalidate: true,
      on: {
        submit: (submitted) => {
          submitted.preventDefault();
          paying.pay();
        },
      },
    },
    h("h2", {}, "Pay by card"),
    answer,
    card.box,
    send,
    h(
      "p",
      { class: "soft small" },
      "The number goes to the payment service and is not kept, neither here nor in this browser.",
    ),
    h(
      "details",
      {},
      h("summary", {}, "Cards to try with"),
      h(
        "ul",
        { class: "stack small" },
        TEST_CARDS.map(([number, what]) =>
          h(
            "li",
            { class: "row apart" },
            h("span", {}, h("code", {}, number), ` ${what}`),
            h(
              "button",
              {
                class: "button",
                type: "button",
                "aria-label": `Use ${number}`,
                on: {
                  click: () => {
                    card.control.value = number;
                    card.say("");
                  },
                },
              },
              "Use",
            ),
          ),
        ),
      ),
    ),
  );
  const give = h(
    "button",
    { class: "button danger", type: "button", on: { click: () => giveUp() } },
    "Give the seats up",
  );
  put(
    body,
    h(
      "div",
      { class: "booth" },
      h("div", { class: "stack" }, form),
      h(
        "aside",
        { class: "stack" },
        h(
          "div",
          { class: "panel stack clock-panel" },
          h("p", { class: "eyebrow" }, "Held for you another"),
          clock,
          h(
            "p",
            { class: "soft small" },
            "Nobody else can take them meanwhile. Reloading this page changes nothing.",
          ),
        ),
        summary(booking),
        give,
      ),
    ),
  );
  const tellAt = [300, 120, 60, 30, 10];
  let before = 0;
  const stop = everySecond(() => {
    const seconds = (Date.parse(current().expires_at) - now()) / 1000;
    setText(clock, timeLeft(seconds));
    clock.classList.toggle("soon", seconds < 60);
    // A page that is busy, or in the background, does not look in every second.
    const whole = Math.ceil(seconds);
    if (tellAt.some((at) => whole <= at && at < before)) say(`${timeLeft(seconds)} left to pay`);
    before = whole;
    if (seconds > -1) return true;
    reread();
    return seconds > -20;
  });
  if (paying.isUnanswered())
    put(
      answer,
      notice(
        "warn",
        h(
          "p",
          {},
          "A payment was sent before this page was left. If it went through, this page shows the tickets in a moment. Paying again is safe: a booking is never charged twice.",
        ),
      ),
    );
  return { stop, isPaying: paying.isPaying };

  async function giveUp() {
    const wanted = await isSure({
      title: "Give these seats up?",
      text: "They are offered to others at once. Nothing was charged.",
      yes: "Give them up",
      no: "Keep them",
    });
    give.focus();
    if (!wanted) return;
    give.disabled = true;
    try {
      await call("POST", `/api/booking/${id}/cancel`);
    } catch (error) {
      give.disabled = false;
      give.before(notice("bad", h("p", {}, explained(error))));
    }
    await reread();
  }
}

function groupDigits(input) {
  const atEnd = input.selectionStart === input.value.length;
  const digits = input.value.replace(/\D/g, "").slice(0, 19);
  if (atEnd) input.value = digits.replace(/(\d{4})(?=\d)/g, "$1 ");
}

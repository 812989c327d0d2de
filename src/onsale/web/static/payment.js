// Pays for a booking once: a payment keeps its key until it is answered, over lost answers and reloads.

import { call, isOpen, newKey, pause, Problem } from "./api.js";
import { h, put, setText } from "./dom.js";
import { notice } from "./shell.js";
import { explained } from "./words.js";

const SETTLE_SECONDS_MAX = 45;
const PAY_ATTEMPTS_MAX = 100;

/** Pays by what is in the field `card` when `pay()` is called. `current()` is the booking as it is known,
    and `reread()` asks for it, and gives whether it was told; the button `send` waits meanwhile, and `answer` has what becomes of it. */
export function payment(id, { current, reread }, { card, send, answer }) {
  const slot = `onsale.pay.${id}`;
  const label = send.textContent;
  let isPaying = false;
  return { pay, isPaying: () => isPaying, isUnanswered: () => sessionStorage.getItem(slot) !== null };

  async function pay() {
    const digits = card.control.value.replace(/[ -]/g, "");
    if (isPaying) return;
    if (!/^\d{12,19}$/.test(digits)) {
      card.say("A card number has 12 to 19 digits.");
      card.control.focus();
      return;
    }
    card.say("");
    lock(true);
    put(answer, notice("", h("p", {}, "The payment is being made. Please keep this page open.")));
    let key = sessionStorage.getItem(slot) ?? newKey();
    sessionStorage.setItem(slot, key);
    for (let attempts = 1; ; attempts += 1) {
      try {
        await call("POST", `/api/booking/${id}/pay`, { body: { card_number: digits }, key, seconds: 60 });
        forget();
        await reread();
        return;
      } catch (error) {
        if (error.code === "IDEMPOTENCY_KEY_REUSED") {
          // The key of an earlier attempt, which had another card and has been answered by now.
          key = newKey();
          sessionStorage.setItem(slot, key);
        } else if (isOpen(error) && attempts < PAY_ATTEMPTS_MAX) {
          put(
            answer,
            notice(
              "warn",
              h(
                "p",
                {},
                "No answer yet. The same payment is asked for again until it is answered: you are charged once.",
              ),
            ),
          );
          await pause(2);
          if (current().status !== "pending_payment") {
            forget();
            return;
          }
        } else if (["PAYMENT_UNKNOWN", "PAYMENT_IN_PROGRESS", "BOOKING_NOT_PAYABLE"].includes(error.code)) {
          lock(false);
          await settle();
          return;
        } else {
          sessionStorage.removeItem(slot);
          lock(false);
          put(answer, notice("bad", h("p", {}, explained(error))));
          if (error instanceof Problem && error.status === 402) {
            card.control.focus();
            card.control.select();
          } else await reread();
          return;
        }
      }
    }
  }

  function lock(isLocked) {
    isPaying = isLocked;
    send.disabled = isLocked;
    setText(send, isLocked ? "Paying" : label);
  }

  function forget() {
    sessionStorage.removeItem(slot);
    isPaying = false;
  }

  /** Ask what became of a payment until the booking tells, or so long that none can be open. */
  async function settle() {
    send.disabled = true;
    put(
      answer,
      notice(
        "warn",
        h(
          "p",
          {},
          "The outcome of the payment is not known yet and is being asked for. You are charged once at most.",
        ),
      ),
    );
    const until = Date.now() + SETTLE_SECONDS_MAX * 1000;
    // While nobody answers, nobody knows.
    let isKnown = false;
    while ((Date.now() < until || !isKnown) && answer.isConnected && current().status === "pending_payment") {
      await pause(1);
      isKnown = await reread();
    }
    sessionStorage.removeItem(slot);
    if (!answer.isConnected) return;
    send.disabled = false;
    put(
      answer,
      notice(
        "warn",
        h("p", {}, "That payment did not go through. You can pay again; a booking is never charged twice."),
      ),
    );
  }
}

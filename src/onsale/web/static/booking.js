import { call, isOpen, newKey, now, pause, Problem, read } from "./api.js";
import { field, h, put, setText, typed } from "./dom.js";
import { follow } from "./live.js";
import { offerInstead, placeAndGo } from "./orders.js";
import { address, everySecond, notice, page, say, signInAddress, title, working } from "./shell.js";
import { bookingStatus, day, explained, failure, money, moment, plural, seatsInWords, timeLeft } from "./words.js";

const SETTLE_SECONDS_MAX = 45;
const PAY_ATTEMPTS_MAX = 100;
const HOLD_AGAIN_TIMES_MAX = 2;
const TEST_CARDS = [
  ["4242 4242 4242 4242", "is accepted"],
  ["4000 0000 0000 0259", "is accepted after three seconds"],
  ["4000 0000 0000 0002", "is declined"],
  ["4000 0000 0000 9995", "has not enough money"],
];
const ORDER = ["processing", "pending_payment", "paid", "completed", "failed", "cancelled"];
const HAS_TICKETS = new Set(["paid", "completed"]);
// Refusals after which other seats may be had.
const OTHERS_HELP = new Set(["SEAT_CONFLICT", "ORPHAN_SEAT", "SOLD_OUT"]);
const IS_OVER = new Set(["completed", "failed", "cancelled"]);
const CALL_OFF_ATTEMPTS_MAX = 60;

page(
  async (main, user) => {
    const [, id] = address();
    const slot = `onsale.pay.${id}`;
    let booking = await read(`/api/booking/${id}`);
    let event = await read(`/api/event/${booking.event_id}`);
    const where = { event_id: booking.event_id, section: booking.section, subsection: booking.subsection };
    const part = `/events/${event.id}/${encodeURIComponent(booking.section)}/${booking.subsection}`;
    let shown = null;
    let stopClock = () => {};
    let isPaying = false;
    let stop = () => {};
    let isEventWatched = false;

    const head = h("header", { class: "heading" });
    const body = h("div", { class: "stack wide" });
    put(main, head, body);
    show();

    if (!IS_OVER.has(booking.status))
      stop = follow(
        `/api/booking/${id}/sse`,
        {
          status_update: (next) => {
            // Streams show no codes of tickets.
            if (HAS_TICKETS.has(next.status)) reread();
            // Never backwards: an answer may overtake the news of it.
            else if (ORDER.indexOf(next.status) >= ORDER.indexOf(booking.status)) become(next);
          },
        },
        // A stream that ends may have ended because all is told, or because the session is over.
        (isLive) => {
          if (!isLive) reread();
        },
      );

    async function reread() {
      try {
        become(await call("GET", `/api/booking/${id}`));
      } catch (error) {
        // Whatever else it is passes, and is asked for again.
        if (error instanceof Problem && error.status === 401) location.replace(signInAddress());
      }
    }

    function become(next) {
      booking = next;
      if (IS_OVER.has(booking.status)) stop();
      show();
    }

    /** Whoever has tickets hears that the event is cancelled; the booking's own stream is over. */
    function watchEvent() {
      if (isEventWatched) return;
      isEventWatched = true;
      const hear = async (update) => {
        if (update.status !== "cancelled") return;
        end();
        event = { ...event, status: "cancelled" };
        show();
        // Bookings are ended one batch after the other.
        for (let attempts = 1; booking.status !== "cancelled" && attempts <= CALL_OFF_ATTEMPTS_MAX; attempts += 1) {
          await pause(1);
          await reread();
        }
      };
      const end = follow(`/api/event/${event.id}/sse`, { initial_status: hear, status_update: hear });
    }

    function show() {
      const codes = booking.tickets.filter((ticket) => ticket.code).length;
      const key = `${booking.status} ${booking.tickets.length} ${codes} ${event.status === "cancelled"}`;
      if (key === shown || (isPaying && booking.status === "pending_payment")) return;
      const isFirst = shown === null;
      const hadFocus = [head, body].some((part) => part.contains(document.activeElement));
      shown = key;
      stopClock();
      const [label, tone] = bookingStatus(booking);
      title(`${label}, ${event.name}`);
      const headline = {
        processing: "Finding your seats",
        pending_payment: "Pay and they are yours",
        paid: "Your tickets",
        completed: "Your tickets",
        failed: failure(booking.failure_reason)[0],
        cancelled: "This booking is over",
      }[booking.status];
      const heading = h("h1", { tabindex: "-1" }, headline);
      put(
        head,
        h("p", { class: "crumbs no-print" }, h("a", { href: "/bookings" }, "My bookings")),
        heading,
        h("p", {}, typed(event.name), " · ", typed(event.venue_name), event.starts_at && ` · ${day(event.starts_at)}`),
        h("div", { class: "row" }, h("span", { class: `pill ${tone}` }, label)),
      );
      ({ processing, pending_payment: held, paid: tickets, completed: tickets, failed, cancelled })[booking.status]();
      if (isFirst) return;
      // What had the keyboard is gone: it goes on from here, where it is also read aloud.
      if (hadFocus) heading.focus();
      else say(headline);
    }

    function summary() {
      const seats = booking.tickets.length
        ? booking.tickets.map((ticket) => [
            `Row ${ticket.row}, seat ${ticket.seat}`,
            money(ticket.price, booking.currency),
          ])
        : [
            [
              booking.seat_positions.length ? seatsInWords(booking.seat_positions) : plural(booking.quantity, "seat"),
              money(booking.total_price, booking.currency),
            ],
          ];
      return h(
        "section",
        { class: "panel stack", "aria-label": "Seats" },
        h("h2", {}, `${booking.section} ${booking.subsection}`),
        h(
          "ul",
          { class: "chosen" },
          seats.map(([name, cost]) => h("li", {}, h("span", {}, name), h("span", {}, cost))),
        ),
        h("p", { class: "total" }, h("span", {}, "Total"), h("span", {}, money(booking.total_price, booking.currency))),
      );
    }

    // --- processing ---

    function processing() {
      put(
        body,
        working(
          "Your request has arrived and waits for its turn. In a rush this can take some seconds; you may leave this page, or reload it, without losing your place.",
        ),
        summary(),
      );
    }

    // --- held: the clock, the card, giving up ---

    function held() {
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
      const form = h(
        "form",
        {
          class: "panel stack",
          novalidate: true,
          on: {
            submit: (submitted) => {
              submitted.preventDefault();
              pay(card, send, answer);
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
        { class: "button danger", type: "button", on: { click: () => giveUp(give) } },
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
            summary(),
            give,
          ),
        ),
      );
      const tellAt = [300, 120, 60, 30, 10];
      stopClock = everySecond(() => {
        const seconds = (Date.parse(booking.expires_at) - now()) / 1000;
        setText(clock, timeLeft(seconds));
        clock.classList.toggle("soon", seconds < 60);
        if (tellAt.includes(Math.ceil(seconds))) say(`${timeLeft(seconds)} left to pay`);
        if (seconds > -1) return true;
        reread();
        return seconds > -20;
      });
      if (sessionStorage.getItem(slot))
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
    }

    async function pay(card, send, answer) {
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
            if (booking.status !== "pending_payment") {
              forget();
              return;
            }
          } else if (["PAYMENT_UNKNOWN", "PAYMENT_IN_PROGRESS", "BOOKING_NOT_PAYABLE"].includes(error.code)) {
            lock(false);
            await settle(answer, send);
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

      function lock(isLocked) {
        isPaying = isLocked;
        send.disabled = isLocked;
        setText(send, isLocked ? "Paying" : `Pay ${money(booking.total_price, booking.currency)}`);
      }

      function forget() {
        sessionStorage.removeItem(slot);
        isPaying = false;
      }
    }

    /** Ask what became of a payment until the booking tells, or so long that none can be open. */
    async function settle(answer, send) {
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
      while (Date.now() < until && answer.isConnected && booking.status === "pending_payment") {
        await pause(1);
        await reread();
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

    async function giveUp(button) {
      const dialog = h(
        "dialog",
        { "aria-labelledby": "give-up" },
        h(
          "form",
          { method: "dialog", class: "stack" },
          h("h2", { id: "give-up" }, "Give these seats up?"),
          h("p", {}, "They are offered to others at once. Nothing was charged."),
          h(
            "div",
            { class: "row" },
            h("button", { class: "button danger", value: "yes" }, "Give them up"),
            h("button", { class: "button", value: "no" }, "Keep them"),
          ),
        ),
      );
      main.append(dialog);
      dialog.addEventListener("close", async () => {
        const isSure = dialog.returnValue === "yes";
        dialog.remove();
        button.focus();
        if (!isSure) return;
        button.disabled = true;
        try {
          await call("POST", `/api/booking/${id}/cancel`);
        } catch (error) {
          button.disabled = false;
          button.before(notice("bad", h("p", {}, explained(error))));
        }
        await reread();
      });
      dialog.showModal();
    }

    // --- over ---

    function tickets() {
      watchEvent();
      if (event.status === "cancelled") {
        put(
          body,
          notice("bad", h("p", {}, "The event was cancelled by its seller. ", refund())),
          h("p", { class: "soft" }, "These tickets let nobody in any more."),
          summary(),
        );
        return;
      }
      put(
        body,
        h(
          "div",
          { class: "row apart no-print" },
          h(
            "p",
            {},
            `${plural(booking.tickets.length, "ticket")}, ${money(booking.total_price, booking.currency)}`,
            booking.paid_at && `, paid ${moment(booking.paid_at)}`,
          ),
          h("button", { class: "button", type: "button", on: { click: () => print() } }, "Print"),
        ),
        h("ul", { class: "tickets" }, booking.tickets.map(ticketCard)),
      );
    }

    function ticketCard(ticket) {
      const fact = (name, value) => h("div", {}, h("dt", {}, name), h("dd", {}, value));
      return h(
        "li",
        { class: "ticket" },
        h(
          "header",
          {},
          h("p", { class: "eyebrow" }, event.starts_at ? day(event.starts_at) : "Date to be announced"),
          h("h2", {}, event.name),
          h("p", { class: "soft" }, event.venue_name),
        ),
        h(
          "dl",
          {},
          fact("Section", `${ticket.section} ${ticket.subsection}`),
          fact("Row", ticket.row),
          fact("Seat", ticket.seat),
        ),
        ticket.code && h("div", { class: "code" }, picture(ticket), h("code", {}, ticket.code)),
      );
    }

    /** The code as a picture. One that did not come is asked for again by hand; until then the code
        itself, below, can be typed at the door. */
    function picture(ticket) {
      const place = h("div", { class: "picture" });
      const seat = `row ${ticket.row}, seat ${ticket.seat}`;
      const load = () =>
        put(
          place,
          h("img", {
            src: `/api/booking/${id}/tickets/${ticket.id}/qr.svg`,
            alt: `Code for ${seat}`,
            width: 320,
            height: 320,
            on: { error: fail },
          }),
        );
      const fail = () => {
        put(
          place,
          h("p", { class: "soft small" }, "The picture did not load."),
          h(
            "button",
            { class: "button no-print", type: "button", "aria-label": `Load the picture for ${seat} again`, on: { click: load } },
            "Load it again",
          ),
        );
        window.addEventListener("online", () => place.querySelector("img") ?? load(), { once: true });
      };
      load();
      return place;
    }

    function failed() {
      const answer = h("div", {});
      const more = h(
        "div",
        { class: "row" },
        h("a", { class: "button", href: part }, "Look at this part again"),
        h("a", { class: "button", href: `/events/${event.id}` }, "Look at the whole hall"),
      );
      put(body, answer, h("p", { class: "soft" }, "Nothing was charged."), more);
      offerInstead(answer, {
        problem: booking.failure_reason === "sold_out" ? { code: "SOLD_OUT" } : null,
        text: failure(booking.failure_reason)[1],
        where,
        positions: booking.seat_positions,
        quantity: booking.quantity,
        currency: booking.currency,
        priceOf: () => undefined,
        take: (wanted) => ask(answer, wanted),
      });
    }

    /** Ask for seats; if they are gone, offer others. Seats that have just run out are remembered as
        taken for a moment, so they are asked for so many times more. */
    async function ask(answer, wanted, timesMore = 0) {
      try {
        await placeAndGo(user.id, wanted, (text) => put(answer, working(text)));
      } catch (problem) {
        if (problem.code === "SEAT_CONFLICT" && timesMore > 0) {
          await pause(1);
          await ask(answer, wanted, timesMore - 1);
        } else if (problem.status === 401) location.replace(signInAddress());
        else if (OTHERS_HELP.has(problem.code))
          await offerInstead(answer, {
            problem,
            where,
            positions: wanted.seat_positions,
            quantity: wanted.quantity,
            currency: booking.currency,
            priceOf: () => undefined,
            take: (other) => ask(answer, other),
          });
        else put(answer, notice("bad", h("p", {}, explained(problem))));
      }
    }

    function refund() {
      return `The ${money(booking.total_price, booking.currency)} that you paid are given back to your card.`;
    }

    function holdAgain(button) {
      button.disabled = true;
      const answer = h("div", {});
      body.append(answer);
      const positions = booking.seat_positions;
      const wanted = { ...where, seat_selection_mode: "manual", seat_positions: positions, quantity: positions.length };
      return ask(answer, wanted, HOLD_AGAIN_TIMES_MAX);
    }

    function cancelled() {
      const texts = {
        expired: ["bad", "The time to pay ran out, so the seats are offered to others again. Nothing was charged."],
        event_cancelled: [
          "bad",
          `The event was cancelled by its seller. ${booking.paid_at ? refund() : "Nothing was charged."}`,
        ],
        buyer: ["", "You have given these seats up. Nothing was charged."],
      };
      const [kind, text] = texts[booking.cancel_reason] ?? texts.buyer;
      const isOver = booking.cancel_reason === "event_cancelled";
      put(
        body,
        notice(kind, h("p", {}, text)),
        h(
          "div",
          { class: "row" },
          booking.cancel_reason === "expired" &&
            booking.seat_positions.length > 0 &&
            h(
              "button",
              { class: "button primary", type: "button", on: { click: (clicked) => holdAgain(clicked.target) } },
              "Hold the same seats again",
            ),
          !isOver && h("a", { class: "button", href: part }, "Back to the seats"),
          h("a", { class: "button", href: "/" }, "All events"),
        ),
      );
    }
  },
  { role: "buyer" },
);

function groupDigits(input) {
  const atEnd = input.selectionStart === input.value.length;
  const digits = input.value.replace(/\D/g, "").slice(0, 19);
  if (atEnd) input.value = digits.replace(/(\d{4})(?=\d)/g, "$1 ");
}

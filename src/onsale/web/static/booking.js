import { call, pause, Problem, read } from "./api.js";
import { held } from "./booking-held.js";
import { cancelled, failed } from "./booking-over.js";
import { summary } from "./booking-summary.js";
import { tickets } from "./booking-tickets.js";
import { h, put, typed } from "./dom.js";
import { follow } from "./live.js";
import { address, page, placeAndTime, say, signInAddress, title, working } from "./shell.js";
import { bookingStatus, failure } from "./words.js";

const ORDER = ["processing", "pending_payment", "paid", "completed", "failed", "cancelled"];
const HAS_TICKETS = new Set(["paid", "completed"]);
const IS_OVER = new Set(["completed", "failed", "cancelled"]);
const CALL_OFF_ATTEMPTS_MAX = 60;

page(
  async (main, user) => {
    const [, id] = address();
    let booking = await read(`/api/booking/${id}`);
    let event = await read(`/api/event/${booking.event_id}`);
    let shown = null;
    let desk = null; // where a held booking is paid
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
            else become(next);
          },
        },
        // A stream that ends may have ended because all is told, or because the session is over.
        (isLive) => {
          if (!isLive) reread();
        },
      );

    /** Whether it was told how the booking is. */
    async function reread() {
      try {
        become(await call("GET", `/api/booking/${id}`));
        return true;
      } catch (error) {
        // Whatever else it is passes, and is asked for again.
        if (error instanceof Problem && error.status === 401) location.replace(signInAddress());
        return false;
      }
    }

    /** Never backwards: answers may overtake each other, and the news of them. */
    function become(next) {
      if (ORDER.indexOf(next.status) < ORDER.indexOf(booking.status)) return;
      booking = next;
      if (IS_OVER.has(booking.status)) stop();
      show();
    }

    /** Whoever has tickets hears that the event is moved or cancelled; the booking's own stream is over. */
    function watchEvent() {
      if (isEventWatched) return;
      isEventWatched = true;
      let isHeard = false;
      const refresh = async () => {
        const next = await read(`/api/event/${event.id}`).catch(() => event);
        if (event.status === "cancelled") return; // heard meanwhile, and for good
        event = next;
        show();
      };
      const callOff = async () => {
        end();
        event = { ...event, status: "cancelled" };
        show();
        // Bookings are ended one batch after the other.
        for (let attempts = 1; booking.status !== "cancelled" && attempts <= CALL_OFF_ATTEMPTS_MAX; attempts += 1) {
          await pause(1);
          await reread();
        }
      };
      const hear = (update) => {
        if (update.status === "cancelled") callOff();
        else if (!update.sections.length) refresh();
      };
      const begin = (update) => {
        hear(update);
        if (isHeard) refresh(); // what changed while nothing was heard
        isHeard = true;
      };
      const end = follow(`/api/event/${event.id}/sse`, { initial_status: begin, status_update: hear });
    }

    function show() {
      const codes = booking.tickets.filter((ticket) => ticket.code).length;
      const key = `${booking.status} ${booking.tickets.length} ${codes} ${event.status === "cancelled"} ${JSON.stringify([event.name, event.venue_name, event.starts_at])}`;
      if (key === shown || (desk?.isPaying() && booking.status === "pending_payment")) return;
      const isFirst = shown === null;
      const hadFocus = [head, body].some((part) => part.contains(document.activeElement));
      shown = key;
      desk?.stop();
      desk = null;
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
        h("p", {}, typed(event.name), " · ", placeAndTime(event)),
        h("div", { class: "row" }, h("span", { class: `pill ${tone}` }, label)),
      );
      ({
        processing,
        pending_payment() {
          desk = held(body, { id, current: () => booking, reread });
        },
        paid: ticketed,
        completed: ticketed,
        failed: () => failed(body, booking, user),
        cancelled: () => cancelled(body, booking, user),
      })[booking.status]();
      if (isFirst) return;
      // What had the keyboard is gone: it goes on from here, where it is also read aloud.
      if (hadFocus) heading.focus();
      else say(headline);
    }

    function ticketed() {
      watchEvent();
      tickets(body, booking, event);
    }

    function processing() {
      put(
        body,
        working(
          "Your request has arrived and waits for its turn. In a rush this can take some seconds; you may leave this page, or reload it, without losing your place.",
        ),
        summary(booking),
      );
    }
  },
  { role: "buyer" },
);

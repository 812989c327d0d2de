// Tells beside a map whether its seats can be had now, and when that is to be.

import { now } from "./api.js";
import { h, put } from "./dom.js";
import { saleState } from "./sale.js";
import { everySecond } from "./shell.js";
import { timeLeft } from "./words.js";

/** `show(event)` tells in `element`; `begun()` hears that the time has come. */
export function saleNotice(begun) {
  const element = h("div", {});
  let shown = null;
  let stopClock = () => {};
  return { element, show };

  function show(event) {
    const state = saleState(event);
    const key = `${state.name} ${event.on_sale_at}`;
    if (key === shown) return;
    shown = key;
    stopClock();
    if (state.name === "open") put(element);
    else if (state.name === "upcoming") {
      const left = h("strong", { role: "timer" });
      put(element, h("p", { class: "notice warn" }, "The sale begins in ", left, ". You can choose already."));
      stopClock = everySecond(() => {
        const seconds = (Date.parse(event.on_sale_at) - now()) / 1000;
        left.textContent = timeLeft(seconds);
        if (seconds > 0) return true;
        begun();
        return false;
      });
    } else
      put(
        element,
        h(
          "p",
          { class: "notice warn" },
          state.name === "sold_out"
            ? "Sold out at the moment. Seats that are given up appear here by themselves."
            : `${state.label}.`,
        ),
      );
  }
}

// What all pages have in common: who is signed in, the way around, what is held, lost connections.

import { call, newKey, Problem, read, now, Unreachable, whoAmI } from "./api.js";
import { draw, h, put, setText, typed } from "./dom.js";
import { resumeOrder } from "./orders.js";
import { day, explained, timeLeft } from "./words.js";

const SESSION_SLOT = "onsale.session";
const HOLDS_READ_MAX = 50;
const main = document.getElementById("main");
const spoken = h("p", { class: "unseen", role: "status" });
const banner = h("div", { class: "banner", role: "status", hidden: true });

/** Tell people who do not see the page what has changed on it. */
export function say(text) {
  setText(spoken, "");
  // An empty region first: the same words twice are told twice.
  requestAnimationFrame(() => setText(spoken, text));
}

/** Numbers and names in the address: `/events/{id}/{section}/{n}` gives ["events", id, section, n]. */
export const address = () => location.pathname.split("/").slice(1).map(decodeURIComponent);

export function title(text) {
  document.title = `${text} - onsale`;
}

/** Where and when an event is, for a line of its own. */
export const placeAndTime = (event) => [typed(event.venue_name), event.starts_at && ` · ${day(event.starts_at)}`];

/** Call `tick` at once and then every second until it returns false or the page is left. */
export function everySecond(tick) {
  if (tick() === false) return () => {};
  const timer = setInterval(() => {
    if (tick() === false) clearInterval(timer);
  }, 1000);
  return () => clearInterval(timer);
}

/** Where to sign in and come back from; who comes from the start goes where the account's work is. */
export const signInAddress = () =>
  location.pathname === "/" ? "/sign-in" : `/sign-in?next=${encodeURIComponent(location.pathname)}`;

/** Build a page. `role`: only for buyers, or only for sellers, who are asked to sign in first. */
export async function page(build, { role = null } = {}) {
  document.body.append(spoken);
  document.getElementById("top").after(banner);
  watchConnection();
  // A page that comes back out of the browser's memory would show what was true then, and to whoever
  // sits there now: it is kept empty, and loaded anew.
  window.addEventListener("pagehide", (event) => {
    if (event.persisted) put(document.body);
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
  watchSession();
  await attempt(async () => {
    const user = await whoAmI();
    showNavigation(user);
    if (role && !user) {
      location.replace(signInAddress());
      return;
    }
    if (role && user.role !== role) {
      showWrongRole(role);
      return;
    }
    if (user?.role === "buyer") {
      let told = null;
      await resumeOrder(user.id, (text, leave) => {
        told ??= put(main, unfinished(leave)).querySelector("p");
        setText(told, text);
      });
      showHold();
    }
    await build(main, user);
  });
}

/** Run it; if it fails, say so in place of the page and offer to try again. */
export async function attempt(run) {
  try {
    await run();
  } catch (error) {
    if (error instanceof Problem && error.status === 401) {
      location.replace(signInAddress());
      return;
    }
    showError(error, () => {
      put(main, h("p", { class: "quiet-wait", role: "status" }, "Loading"));
      return attempt(run);
    });
    if (!(error instanceof Problem || error instanceof Unreachable)) throw error;
  }
}

export function working(text) {
  return h("div", { class: "empty", role: "status" }, h("div", { class: "spinner" }), h("p", {}, text));
}

/** What is waited for before the page can be seen, and the way past it. */
function unfinished(leave) {
  return h(
    "div",
    {},
    working(""),
    h("button", { class: "button", type: "button", on: { click: leave } }, "Show the page meanwhile"),
  );
}

export function notice(kind, ...children) {
  return h("div", { class: `notice ${kind}`, role: kind === "bad" ? "alert" : "status" }, children);
}

function showError(error, again) {
  const isMissing = error.status === 404 || error.status === 403 || error.status === 422;
  const heading = isMissing ? "Nothing here" : "This page could not be loaded";
  title(heading);
  put(
    main,
    h(
      "div",
      { class: "empty" },
      h("h1", {}, heading),
      h("p", { role: "alert" }, explained(error)),
      h(
        "div",
        { class: "row" },
        !isMissing && h("button", { class: "button primary", on: { click: again } }, "Try again"),
        h("a", { class: "button", href: "/" }, "See all events"),
      ),
    ),
  );
}

function showWrongRole(role) {
  title("Another account");
  put(
    main,
    h(
      "div",
      { class: "empty" },
      h("h1", {}, role === "buyer" ? "This page is for buyers" : "This page is for sellers"),
      h(
        "p",
        {},
        `You are signed in with a ${role === "buyer" ? "seller's" : "buyer's"} account. Sign in with another one to go on.`,
      ),
      h("button", { class: "button primary", on: { click: () => signOut(signInAddress()) } }, "Use another account"),
    ),
  );
}

async function signOut(then) {
  try {
    await call("POST", "/api/user/logout");
  } catch (error) {
    // Whoever walks away must know that the session goes on.
    if (error.status !== 401) {
      main.querySelector(".signed-in-still")?.remove();
      const still = notice("bad", h("p", {}, `You are still signed in. ${explained(error)}`));
      still.classList.add("signed-in-still");
      main.prepend(still);
      still.scrollIntoView({ block: "nearest" });
      return;
    }
  }
  sessionStorage.clear();
  tellOfSession();
  location.assign(then);
}

/** Tell the other windows of this browser that somebody else, or nobody, is signed in now. */
export function tellOfSession() {
  try {
    localStorage.setItem(SESSION_SLOT, newKey());
  } catch {
    // Where nothing may be stored, the other windows find out with their next request.
  }
}

function watchSession() {
  window.addEventListener("storage", (event) => {
    if (event.key === SESSION_SLOT) location.reload();
  });
}

const heldPlace = h("span", {});

function showNavigation(user) {
  const link = (href, text) => h("a", { href, "aria-current": location.pathname === href ? "page" : null }, text);
  const nav = h(
    "nav",
    { class: "nav", "aria-label": "Main" },
    link("/", "Events"),
    user?.role === "buyer" && link("/bookings", "My bookings"),
    user?.role === "seller" && link("/sell", "Sell"),
    heldPlace,
    h("span", { class: "far" }),
    themeSwitch(),
    user && h("span", { class: "who", title: user.email }, user.name),
    user
      ? h("button", { type: "button", on: { click: () => signOut("/") } }, "Sign out")
      : location.pathname !== "/sign-in" && link(signInAddress(), "Sign in"),
  );
  document.querySelector(".top .nav")?.remove();
  document.getElementById("top").append(nav);
}

/** A booking that waits for its payment can be reached from everywhere; of several the one that
    runs out first. The page of a booking has a clock of its own. */
async function showHold() {
  let held;
  try {
    [held] = (await read(`/api/booking?status=pending_payment&limit=${HOLDS_READ_MAX}`)).items
      .filter((one) => Date.parse(one.expires_at) > now() && location.pathname !== `/bookings/${one.id}`)
      .toSorted((a, b) => Date.parse(a.expires_at) - Date.parse(b.expires_at));
  } catch {
    return; // Only a reminder; the page itself tells what is wrong.
  }
  if (!held) return;
  const left = h("span", {});
  put(
    heldPlace,
    h(
      "a",
      { class: "held", href: `/bookings/${held.id}` },
      "Seats held",
      h("span", { class: "unseen" }, "for you, pay within "),
      left,
    ),
  );
  everySecond(() => {
    const seconds = (Date.parse(held.expires_at) - now()) / 1000;
    if (seconds <= 0) {
      put(heldPlace);
      showHold();
      return false;
    }
    left.textContent = timeLeft(seconds);
    return true;
  });
}

function themeSwitch() {
  const root = document.documentElement;
  const isDark = () =>
    (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const button = h(
    "button",
    {
      type: "button",
      class: "icon-button",
      "aria-label": "Dark appearance",
      title: "Dark appearance",
      "aria-pressed": String(isDark()),
    },
    draw(
      "svg",
      { viewBox: "0 0 20 20", width: 20, height: 20, "aria-hidden": "true" },
      draw("circle", { cx: 10, cy: 10, r: 7.5, fill: "none", stroke: "currentColor", "stroke-width": 1.6 }),
      draw("path", { d: "M10 2.5a7.5 7.5 0 0 1 0 15z", fill: "currentColor" }),
    ),
  );
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    button.setAttribute("aria-pressed", String(isDark()));
    try {
      localStorage.setItem("onsale.theme", root.dataset.theme);
    } catch {
      // Where nothing may be stored, the choice holds for this page.
    }
  });
  return button;
}

function watchConnection() {
  const show = (isReachable) => {
    const wasHidden = banner.hidden;
    banner.hidden = isReachable;
    if (!isReachable)
      setText(
        banner,
        "You are offline, or the service cannot be reached. Nothing is lost: what is held stays held, and this page goes on by itself.",
      );
    else if (!wasHidden) say("The connection is back.");
  };
  window.addEventListener("offline", () => show(false));
  window.addEventListener("online", () => show(true));
  window.addEventListener("onsale:reach", (event) => show(event.detail && navigator.onLine));
  if (!navigator.onLine) show(false);
}

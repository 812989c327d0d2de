// Talks to the service: one place for timeouts, refusals and lost connections.

const WAIT_SECONDS_MAX = 20;
const READ_ATTEMPTS_MAX = 4;
const CLOCK_SLACK_MS = 1000;

/** The service has refused; `code` says why and never changes, `body` has the details. */
export class Problem extends Error {
  constructor(status, body, retryAfterSeconds) {
    super(body.detail || body.title || `The service answered ${status}.`);
    this.status = status;
    this.code = body.code || "UNKNOWN";
    this.body = body;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  /** Whether the same request may succeed in a moment. */
  get isPassing() {
    return this.status === 429 || this.status === 503;
  }
}

/** Nothing was answered, or by others than the service, such as a gateway that gave up waiting: it
    is not known whether the request arrived. */
export class Unreachable extends Error {}

/** Whether the request was not judged, and the same one may yet be. Of one that broke the service
    nobody knows how far it came either. */
export const isOpen = (error) =>
  error instanceof Unreachable || (error instanceof Problem && (error.isPassing || error.code === "INTERNAL_ERROR"));

let offsetMs = 0;

/** The service's time in milliseconds: holds run by its clock, which may differ from this one. */
export function now() {
  return Date.now() + offsetMs;
}

/** The answer was made between `sentMs` and now: a slow one says little of how clocks differ. */
function learnClock(response, sentMs) {
  const told = Date.parse(response.headers.get("date") ?? "");
  if (Number.isNaN(told)) return;
  // The header has whole seconds, and is made once a second.
  const least = told - CLOCK_SLACK_MS - Date.now();
  const most = told + 1000 + CLOCK_SLACK_MS - sentMs;
  if (offsetMs < least || offsetMs > most) offsetMs = least <= 0 && most >= 0 ? 0 : (least + most) / 2;
}

function tell(isReachable) {
  window.dispatchEvent(new CustomEvent("onsale:reach", { detail: isReachable }));
}

/** One request. Throws `Problem` or `Unreachable`. */
export async function call(method, path, { body, key, seconds = WAIT_SECONDS_MAX } = {}) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  const sentMs = Date.now();
  let response, text;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(seconds * 1000),
      cache: "no-store",
    });
    text = await response.text();
  } catch (error) {
    tell(false);
    throw new Unreachable("The service cannot be reached.", { cause: error });
  }
  let value = null;
  let isOurs = true;
  try {
    value = text ? JSON.parse(text) : null;
  } catch {
    isOurs = false;
  }
  if (!isOurs || (response.status >= 500 && !value?.code)) {
    tell(false);
    throw new Unreachable(`The service cannot be reached: others answered ${response.status}.`);
  }
  tell(true);
  learnClock(response, sentMs);
  if (!response.ok) throw new Problem(response.status, value ?? {}, Number(response.headers.get("retry-after")) || 1);
  return value;
}

/** Wait, or less long if the connection comes back meanwhile. */
export function pause(seconds) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      window.removeEventListener("online", done);
      resolve();
    };
    const timer = setTimeout(done, seconds * 1000);
    window.addEventListener("online", done);
  });
}

/** Read, and read again a few times if it does not work at once. */
export async function read(path) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call("GET", path);
    } catch (error) {
      if (!isOpen(error) || attempt === READ_ATTEMPTS_MAX) throw error;
      await pause(Math.min(error.retryAfterSeconds ?? 1, 5) * attempt * 0.5);
    }
  }
}

/** Who is signed in; null if nobody is. */
export const whoAmI = async () => (await read("/api/user/session")).user;

/** A key that no other request has. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

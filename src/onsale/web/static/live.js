// Follows a stream of server-sent events for as long as the page is looked at.

const RETRY_SECONDS_MIN = 1;
const RETRY_SECONDS_MAX = 20;

/** `on` has a function for each event name; it gets the data. `state(isLive)` hears whether the
    stream stands; after each (re)connection the service begins with the whole state. Returns a
    function that ends it.

    A page in the background follows nothing: browsers allow six connections to a host, over all of
    its windows, and a seventh would wait for ever. */
export function follow(path, on, state = () => {}) {
  let source = null;
  let timer = null;
  let failures = 0;
  let isOver = false;

  const close = () => {
    clearTimeout(timer);
    source?.close();
    source = null;
  };
  const open = () => {
    close();
    if (isOver || document.hidden) return;
    source = new EventSource(path);
    source.addEventListener("open", () => {
      failures = 0;
      state(true);
    });
    source.addEventListener("error", () => {
      state(false);
      // The browser comes back by itself only from some failures, and then without haste.
      close();
      failures += 1;
      const wait = Math.min(RETRY_SECONDS_MAX, RETRY_SECONDS_MIN * 2 ** Math.min(failures - 1, 5));
      // Not all viewers at once, when a service has come back.
      timer = setTimeout(open, wait * (0.5 + Math.random() / 2) * 1000);
    });
    for (const [name, listener] of Object.entries(on)) {
      source.addEventListener(name, (message) => listener(JSON.parse(message.data)));
    }
  };
  const wake = () => (document.hidden ? close() : open());
  const lose = () => {
    close();
    state(false);
  };
  document.addEventListener("visibilitychange", wake);
  window.addEventListener("online", open);
  window.addEventListener("offline", lose);
  window.addEventListener("pagehide", close);
  open();
  return () => {
    isOver = true;
    close();
    document.removeEventListener("visibilitychange", wake);
    window.removeEventListener("online", open);
    window.removeEventListener("offline", lose);
  };
}

/** Runs `work` when asked, one at a time, and not more often than every so many milliseconds; what
    is asked meanwhile is done once, afterwards. */
export function paced(work, everyMs) {
  let isRunning = false;
  let isWanted = false;
  const run = async () => {
    if (isRunning) {
      isWanted = true;
      return;
    }
    isRunning = true;
    isWanted = false;
    const began = performance.now();
    try {
      await work();
    } finally {
      setTimeout(
        () => {
          isRunning = false;
          if (isWanted) run();
        },
        Math.max(0, everyMs - (performance.now() - began)),
      );
    }
  };
  return run;
}

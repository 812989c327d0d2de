import { call, now, Problem, read, Unreachable } from "./api.js";
import { canScan, scan } from "./camera.js";
import { field, h, put, setText } from "./dom.js";
import { address, page, title } from "./shell.js";
import { count, explained, moment, plural } from "./words.js";

const SECONDS_TOLD = 120;

page(
  async (main, user) => {
    main.classList.add("narrow");
    const [, id] = address();
    const event = await read(`/api/event/${id}`);
    if (event.seller_id !== user.id) throw new Problem(403, { code: "NOT_OWNER" }, 0);
    title(`Door, ${event.name}`);
    let admitted = 0;
    let asking = null;
    const code = field(
      "code",
      "Ticket code",
      h("input", { autocomplete: "off", autocapitalize: "none", spellcheck: "false", maxlength: 300, required: true }),
      "Scan, type or paste it, then Enter",
    );
    const answer = h("div", { "aria-live": "assertive" });
    const camera = h("div", { class: "stack" });
    const tally = h("p", { class: "soft" }, "Nobody let in from here yet");
    const check = h("button", { class: "button primary block", type: "submit" }, "Let in");
    put(
      main,
      h(
        "header",
        { class: "heading" },
        h("p", { class: "crumbs" }, h("a", { href: `/sell/events/${id}` }, event.name)),
        h("h1", {}, "At the door"),
      ),
      h(
        "div",
        { class: "stack" },
        h("form", { class: "panel stack", novalidate: true, on: { submit } }, code.box, check),
        camera,
        answer,
        tally,
      ),
    );
    code.control.focus();
    if (await canScan()) offerCamera();
    else
      put(
        camera,
        h(
          "p",
          { class: "soft small" },
          "This browser cannot read codes with a camera. Chrome on a telephone can; a hand scanner works with any, for it types what it reads.",
        ),
      );

    async function submit(submitted) {
      submitted.preventDefault();
      const text = code.control.value.trim();
      if (!text) return;
      await admit(text);
      // The next one is scanned over the last.
      code.control.focus();
      code.control.select();
    }

    async function admit(text) {
      if (check.disabled) return;
      check.disabled = true;
      asking = ask(text);
      await asking;
      check.disabled = false;
    }

    async function ask(text) {
      try {
        const seat = await call("POST", `/api/event/${id}/admission`, { body: { code: text } });
        admitted += 1;
        tell("yes", "Welcome", `${seat.section} ${seat.subsection}, row ${seat.row}, seat ${seat.seat}`);
        setText(tally, `${count(admitted)} let in from here`);
        code.control.value = "";
      } catch (error) {
        refuse(error);
      }
    }

    /** What the camera sees waits for what was typed. */
    async function scanned(text) {
      await asking;
      await admit(text);
    }

    function offerCamera(text) {
      const start = h(
        "button",
        { class: "button block", type: "button", on: { click: () => useCamera(start) } },
        "Use the camera",
      );
      put(camera, text && h("p", { class: "notice warn", role: "status" }, text), start);
      return start;
    }

    async function useCamera(start) {
      start.disabled = true;
      const video = h("video", { class: "sight", muted: true, playsinline: true, "aria-label": "What the camera sees" });
      try {
        const end = await scan(video, scanned, () => offerCamera("The camera has stopped."));
        const stop = h(
          "button",
          {
            class: "button block",
            type: "button",
            on: {
              click: () => {
                end();
                offerCamera().focus();
              },
            },
          },
          "Stop the camera",
        );
        put(camera, video, h("p", { class: "soft small" }, "Hold a ticket's code before the camera."), stop);
        stop.focus();
      } catch (error) {
        offerCamera(
          error.name === "NotAllowedError"
            ? "The camera may not be used. Allow it for this page in your browser, or type the codes."
            : "There is no camera that can be used.",
        );
      }
    }

    function refuse(error) {
      if (error.code === "ALREADY_ADMITTED")
        tell("no", "Already inside", `This ticket was used ${ago(error.body.admitted_at)}.`);
      else if (error.code === "TICKET_NOT_VALID" || error.code === "VALIDATION_ERROR")
        tell("no", "Not valid", "This code is not a ticket of this event, or it is no longer good.");
      else if (error instanceof Unreachable)
        tell(
          "wait",
          "No connection",
          "It is not known whether this ticket counts as used. Ask again: if it says so, and you have just scanned it, it was this one.",
        );
      else tell("wait", "Not checked", explained(error));
    }

    function tell(kind, headline, text) {
      put(
        answer,
        h("div", { class: "door-answer", "data-kind": kind }, h("strong", {}, headline), h("span", {}, text)),
      );
    }
  },
  { role: "seller" },
);

/** Seconds while they tell whether it was this door a moment ago; else the time of day. */
function ago(text) {
  const seconds = Math.max(1, Math.round((now() - Date.parse(text)) / 1000));
  return seconds < SECONDS_TOLD ? `${plural(seconds, "second")} ago` : `on ${moment(text)}`;
}

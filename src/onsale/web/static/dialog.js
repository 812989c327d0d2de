// Asks once more before what cannot be undone.

import { h } from "./dom.js";

/** Whether somebody is sure; `title` has the question, `yes` and `no` what is on the buttons. */
export function isSure({ title, text, yes, no }) {
  const dialog = h(
    "dialog",
    { "aria-labelledby": "sure" },
    h(
      "form",
      { method: "dialog", class: "stack" },
      h("h2", { id: "sure" }, title),
      h("p", {}, text),
      h(
        "div",
        { class: "row" },
        h("button", { class: "button danger", value: "yes" }, yes),
        h("button", { class: "button", value: "no" }, no),
      ),
    ),
  );
  document.getElementById("main").append(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    dialog.showModal();
  });
}

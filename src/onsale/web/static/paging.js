// A list that comes page by page, with a button for the next.

import { read } from "./api.js";
import { h, put } from "./dom.js";

/** Fills `list` with what `entry(item)` makes of each item at `path`, which has a query already, and
    the place `more` with a button that `label` names; or with `empty`, where there is nothing.
    Returns once the first page is there. */
export function fillByPage({ path, list, more, entry, label, empty }) {
  const known = new Set();
  const load = async (cursor) => {
    const found = await read(cursor ? `${path}&cursor=${encodeURIComponent(cursor)}` : path);
    // What has moved down since the page before stands there already.
    const fresh = found.items.filter(({ id }) => !known.has(id));
    const entries = await Promise.all(fresh.map(entry));
    for (const { id } of fresh) known.add(id);
    // What stood there while the first page was on its way goes.
    if (!cursor) put(list);
    list.append(...entries);
    list.hidden = !list.children.length;
    put(more, list.hidden ? h("div", { class: "empty" }, empty) : found.next_cursor && next(found.next_cursor));
  };
  const next = (cursor) => {
    const button = h(
      "button",
      {
        class: "button",
        type: "button",
        on: {
          click: async () => {
            button.disabled = true;
            await load(cursor).catch(() => {
              button.disabled = false;
            });
          },
        },
      },
      label,
    );
    return button;
  };
  return load(null);
}

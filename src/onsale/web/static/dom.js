// Makes elements. Text goes in as text alone: whatever people have typed stays text.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (name === "value" || name === "checked" || name === "selected") {
      element[name] = value;
    } else {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  element.append(
    ...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false),
  );
  return element;
}

/** An element: `h("a", {href: "/", on: {click}}, "text", child)`. */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same in a drawing. */
export function draw(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** A text that somebody typed, within a sentence: in whatever direction it is written, it turns nothing
    around but itself. */
export const typed = (text) => h("bdi", {}, text);

/** Replace what an element holds. */
export function put(element, ...children) {
  element.replaceChildren(
    ...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false),
  );
  return element;
}

/** Set a text only when it is another one: readers of the screen are then told only of changes. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** A form control with its label, hint and place for what is wrong with it. */
export function field(id, label, control, hint) {
  control.id = id;
  const wrong = h("span", { class: "wrong", id: `${id}-wrong`, hidden: true });
  const described = [hint && `${id}-hint`, `${id}-wrong`].filter(Boolean).join(" ");
  control.setAttribute("aria-describedby", described);
  const box = h(
    "div",
    { class: "field" },
    h("label", { for: id }, label),
    control,
    hint && h("span", { class: "hint", id: `${id}-hint` }, hint),
    wrong,
  );
  return {
    box,
    control,
    say: (text) => {
      wrong.textContent = text ?? "";
      wrong.hidden = !text;
      if (text) control.setAttribute("aria-invalid", "true");
      else control.removeAttribute("aria-invalid");
    },
  };
}

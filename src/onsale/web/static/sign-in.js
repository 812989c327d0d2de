import { call, Problem } from "./api.js";
import { field, h, put } from "./dom.js";
import { page, tellOfSession, title } from "./shell.js";
import { explained } from "./words.js";

// Only to pages of this host. Browsers drop tabs and line breaks from an address, and paths can be
// written in many ways: what they make of it is judged, and gone to, not what stands there.
function next(role) {
  const wanted = new URLSearchParams(location.search).get("next") ?? "";
  const there = URL.parse(wanted, location.origin);
  if (wanted.startsWith("/") && there?.origin === location.origin) return there.href;
  return role === "seller" ? "/sell" : "/";
}

page(async (main, user) => {
  if (user) {
    location.replace(next(user.role));
    return;
  }
  main.classList.add("narrow");
  const show = (isNew) => {
    title(isNew ? "Create an account" : "Sign in");
    history.replaceState(null, "", `${location.pathname}${location.search}${isNew ? "#new" : ""}`);
    put(
      main,
      h(
        "div",
        { class: "stack wide" },
        form(isNew),
        h(
          "p",
          {},
          isNew ? "Have you been here before? " : "New here? ",
          h(
            "a",
            {
              href: isNew ? "#" : "#new",
              on: {
                click: (event) => {
                  event.preventDefault();
                  show(!isNew);
                  main.querySelector("input").focus();
                },
              },
            },
            isNew ? "Sign in" : "Create an account",
          ),
        ),
      ),
    );
  };
  window.addEventListener("hashchange", () => show(location.hash === "#new"));
  show(location.hash === "#new");
});

function form(isNew) {
  const email = field(
    "email",
    "E-mail address",
    h("input", {
      type: "email",
      name: "email",
      autocomplete: "email",
      required: true,
      maxlength: 254,
      autocapitalize: "none",
      spellcheck: "false",
    }),
  );
  const password = field(
    "password",
    "Password",
    h("input", {
      type: "password",
      name: "password",
      autocomplete: isNew ? "new-password" : "current-password",
      required: true,
      minlength: isNew ? 8 : null,
    }),
    isNew ? "At least 8 characters" : null,
  );
  const name = field(
    "name",
    "Your name",
    h("input", { name: "name", autocomplete: "name", required: true, maxlength: 100 }),
  );
  const roles = h(
    "fieldset",
    { class: "stack" },
    h("legend", { class: "label" }, "I would like to"),
    h(
      "div",
      { class: "choices" },
      h("label", {}, h("input", { type: "radio", name: "role", value: "buyer", checked: true }), "Buy tickets"),
      h("label", {}, h("input", { type: "radio", name: "role", value: "seller" }), "Sell tickets"),
    ),
  );
  const wrong = h("div", { role: "alert" });
  const send = h("button", { class: "button primary block", type: "submit" }, isNew ? "Create account" : "Sign in");
  const fields = { email, password, name };
  const element = h(
    "form",
    { class: "panel stack", novalidate: true },
    h("h1", {}, isNew ? "Create an account" : "Sign in"),
    wrong,
    isNew && name.box,
    email.box,
    password.box,
    isNew && roles,
    send,
  );
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (send.disabled) return;
    put(wrong);
    const missing = Object.values(fields).filter((one) => {
      if (!one.box.isConnected) return false;
      one.say(one.control.checkValidity() ? "" : one.control.validationMessage);
      return !one.control.checkValidity();
    });
    if (missing.length) {
      missing[0].control.focus();
      return;
    }
    send.disabled = true;
    const credentials = { email: email.control.value, password: password.control.value };
    try {
      if (isNew)
        await call("POST", "/api/user", {
          body: { ...credentials, name: name.control.value, role: element.querySelector("[name=role]:checked").value },
        });
      const session = await call("POST", "/api/user/login", { body: credentials });
      tellOfSession();
      location.assign(next(session.role));
    } catch (error) {
      send.disabled = false;
      show(error);
    }
  });

  function show(error) {
    if (error instanceof Problem && error.code === "EMAIL_TAKEN") {
      email.say("There is an account with this address. Sign in instead.");
      email.control.focus();
      return;
    }
    for (const one of error?.body?.errors ?? []) {
      if (fields[one.field]?.box.isConnected) {
        fields[one.field].say(one.message);
        fields[one.field].control.focus();
        return;
      }
    }
    const text = error?.code === "INVALID_CREDENTIALS" ? "E-mail address or password is wrong." : explained(error);
    put(wrong, h("p", { class: "notice bad" }, text));
  }
  return element;
}

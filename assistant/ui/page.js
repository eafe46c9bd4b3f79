// The page's only script. It carries what a person does to the server as four events of the hidden bridge block:
//   say  a message (streams a turn)          data-say="words", data-again, the composer
//   go   another person or conversation      data-go="switch|open|new|delete|visit"
//   compare  the compare view: opened, left, or a request in it      data-compare, data-leave, data-contest
//   act  a small act on the place             data-act="judge|show|filter|forget|rename|people|stop", data-live forms
// An element's other data-* values travel along; the server believes none of them without looking them up.
// The rest is what HTML cannot do alone: drawers, tabs, marks, remembered <details>, the address, the scroll, and a
// draft that outlives a reload or a lost server (kept until the server has shown the message).
const $ = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const body = document.body;
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const narrow = matchMedia("(max-width: 999px)");
const LIMIT = 2000;
let place = { user: "", session: "", running: "false" };
let scrollFrom = "nothing";
let sent = false;
let litNext = "";
let opener = null;

const formValues = (form) => (form ? Object.fromEntries(new FormData(form)) : {});
const address = () => ({ at_user: place.user, at_session: place.session });
const act = (payload) => trigger("act", { ...formValues($("form[data-live=filter]")), ...payload, ...address() });
const running = () => place.running === "true";

function say(payload) {
  if (running()) return notice("I am still answering. Stop me first, or wait a moment.");
  scrollFrom = liveId();
  notice("");
  trigger("say", { ...payload, ...address() });
}

function go(payload) {
  scrollFrom = liveId();
  sent = false;
  close();
  trigger("go", { ...payload, ...address() });
  if (payload.go === "new") composer().text.focus();
}

const composer = () => $("#composer");
function notice(words) {
  const spot = $("#own-notice");
  spot.textContent = words;
  spot.hidden = !words;
}

function send() {
  const form = composer();
  const text = form.text.value.trim();
  if (!text) return;
  if (text.length > LIMIT) {
    const length = text.length.toLocaleString("en");
    return notice(`That is ${length} characters, and I read up to ${LIMIT.toLocaleString("en")}. Please shorten it.`);
  }
  if (running()) return notice("I am still answering. Stop me first, or wait a moment.");
  say({ text, again: form.dataset.again === "true" });
  sent = true;
  edit("", false);
}

function edit(text, again) {
  const form = composer();
  form.text.value = text;
  form.dataset.again = String(again);
  $("#editing").hidden = !again;
  if (again) form.text.focus();
}

// Drawers, the memory sheet and the person dialog: one open at a time, Escape and the backdrop close it.
function open(name, from) {
  opener = from || document.activeElement;
  body.dataset.open = name;
  const panel = $({ people: "#switch-card", left: "#left", memory: "#right" }[name]);
  all("#left, #middle, #right, #bar").forEach((part) => (part.inert = part !== panel));
  const first = $("input, [aria-current], [aria-selected=true], button", panel);
  if (first) first.focus({ preventScroll: true });
}

function close() {
  if (!body.dataset.open) return;
  delete body.dataset.open;
  all("#left, #middle, #right, #bar").forEach((part) => (part.inert = false));
  if (opener && opener.isConnected) opener.focus({ preventScroll: true });
}

function tab(name) {
  for (const one of all("[data-tab]")) {
    const chosen = one.dataset.tab === name;
    one.setAttribute("aria-selected", chosen);
    one.tabIndex = chosen ? 0 : -1;
    const panel = $("#panel-" + one.dataset.tab);
    panel.hidden = !chosen;
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", one.id);
  }
}

function light(key, reveal) {
  all(".lit").forEach((one) => one.classList.remove("lit"));
  const memory = key && all("[data-memory]").find((one) => one.dataset.memory === key);
  if (!memory) return false;
  memory.classList.add("lit");
  if (reveal) memory.scrollIntoView({ block: "nearest", behavior: calm.matches ? "auto" : "smooth" });
  return true;
}

function showMemory(button) {
  tab(button.dataset.panel || "now");
  if (narrow.matches) open("memory", button);
  const key = button.dataset.mark || "";
  if (key && light(key, true)) return;
  litNext = key;
  act({ act: "show", turn: button.dataset.turn });
}

let awaited = "";
// The compare view is a place of the page with an address of its own (?view=compare).
function view(name, remember = true) {
  const known = body.dataset.view || "";
  if (name === known) return;
  close();
  body.dataset.view = name;
  awaited = name;
  trigger("compare", address());
  if (!remember) return;
  const url = new URL(location.href);
  if (name) url.searchParams.set("view", name);
  else url.searchParams.delete("view");
  history.pushState(null, "", url);
}

function contest(form) {
  const told = new FormData(form);
  if (!told.get("request").trim()) return form.request.focus();
  trigger("compare", { ...Object.fromEntries(told), people: told.getAll("people"), ...address() });
}

const clicks = [
  ["[data-compare]", () => view("compare")],
  ["[data-leave]", () => view("")],
  ["[data-example]", (button) => {
    const form = button.closest("form");
    form.request.value = button.dataset.example;
    contest(form);
  }],
  ["[data-close]", close],
  ["button[data-open]", (button) => open(button.dataset.open, button)],
  ["[data-tab]", (button) => tab(button.dataset.tab)],
  ["[data-sheet]", (button) => (button.dataset.turn ? showMemory(button) : open("memory", button))],
  ["[data-say]", (button) => say({ text: button.dataset.say })],
  ["button[data-again]", () => say({ again: true })],
  ["button[data-edit]", (button) => edit(button.dataset.edit, true)],
  ["[data-cancel-edit]", () => edit("", false)],
  ["button[data-go]", (button) => go({ ...button.dataset })],
  ["button[data-act]", (button) => act({ ...button.dataset })],
];

document.addEventListener("click", (event) => {
  const target = event.target;
  all("details.menu[open]").forEach((menu) => menu.contains(target) || (menu.open = false));
  const summary = target.closest("summary");
  const details = summary && summary.parentElement;
  if (details && details.dataset.key) opened.set(details.dataset.key, !details.open);
  if (target.id === "switch" || target.id === "shell") return close();
  const found = clicks.find(([selector]) => target.closest(selector));
  if (found) found[1](target.closest(found[0]));
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  event.preventDefault();
  if (form.matches("[data-composer]")) return send();
  if (form.matches("[data-contest]")) return contest(form);
  if (form.matches("[data-act]")) {
    act({ ...form.dataset, ...formValues(form) });
    const menu = form.closest("details");
    if (menu) menu.open = false;
  }
});

document.addEventListener("change", (event) => {
  const form = event.target.closest("[data-contest]");
  const chosen = form && (form.by.value === "memory" || new FormData(form).getAll("people").length > 1);
  if (chosen && event.target.name !== "request" && $(".contest")) contest(form);
});

let typing;
document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-live]");
  if (event.target.closest("#composer")) {
    notice("");
    sessionStorage.draft = event.target.value;
  }
  if (!form) return;
  clearTimeout(typing);
  typing = setTimeout(() => act({ ...formValues(form), act: form.dataset.live }), 180);
});

document.addEventListener("keydown", (event) => {
  const target = event.target;
  if (event.key === "Escape") {
    if (body.dataset.open) return close();
    if (composer().dataset.again === "true") return edit("", false);
    all("details.menu[open]").forEach((menu) => (menu.open = false));
  }
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing && target.closest("#composer textarea")) {
    event.preventDefault();
    send();
  }
  const from = target.closest("[data-tab]");
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (from && step) {
    const tabs = all("[data-tab]");
    const next = tabs[(tabs.indexOf(from) + step + tabs.length) % tabs.length];
    tab(next.dataset.tab);
    next.focus();
  }
});

for (const [name, on] of [["mouseover", true], ["mouseout", false], ["focusin", true], ["focusout", false]]) {
  document.addEventListener(name, (event) => {
    const mark = !narrow.matches && event.target.closest && event.target.closest("[data-mark]");
    if (mark) light(on ? mark.dataset.mark : "", on);
  });
}

// What was opened by hand stays open when the server redraws it.
const opened = new Map();
function redrawn() {
  for (const details of all("details[data-key]")) {
    const wanted = opened.get(details.dataset.key) === true;
    if (details.open !== wanted) details.open = wanted;
  }
  if (awaited && $("#contest-form")) {
    $("#contest-form").request.focus({ preventScroll: true });
    awaited = "";
  }
  if (litNext && light(litNext, true)) litNext = "";
  arrived();
  if (scrollFrom !== null && liveId() && liveId() !== scrollFrom) {
    scrollFrom = null;
    if (sent) sessionStorage.removeItem("draft");
    sent = false;
    requestAnimationFrame(() => requestAnimationFrame(scrollToLive));
  }
}

const liveId = () => ($("#live article, #live .welcome") || {}).id || "";

function scrollToLive() {
  const view = $("#scroll");
  const top = view.scrollTop + $("#live").getBoundingClientRect().top - view.getBoundingClientRect().top;
  view.scrollTo({ top, behavior: calm.matches ? "auto" : "smooth" });
}

// The address follows the place, so that a reload, a bookmark and the back button return to it.
function arrived() {
  const now = $("#place [data-user]");
  if (!now) return;
  const { user, session, running: busy } = now.dataset;
  if (body.dataset.running !== busy) body.dataset.running = busy;
  if (!user) return;
  const moved = user !== place.user || session !== place.session;
  if (user !== place.user) all("form[data-live]").forEach((form) => form.reset());
  const first = !place.user;
  place = { user, session, running: busy };
  if (first && new URL(location.href).searchParams.get("view") === "compare") view("compare", false);
  if (!moved) return;
  const url = new URL(location.href);
  url.searchParams.set("user", user);
  if (session) url.searchParams.set("session", session);
  else url.searchParams.delete("session");
  if (url.href !== location.href) history[first ? "replaceState" : "pushState"](null, "", url);
}

addEventListener("popstate", () => {
  const query = new URL(location.href).searchParams;
  view(query.get("view") || "", false);
  const there = { user: query.get("user") || "", session: query.get("session") || "" };
  if (there.user === place.user && there.session === place.session) return;
  go({ go: "visit", ...there });
});

function label(selector, role, name) {
  const part = $(selector);
  part.setAttribute("role", role);
  if (name) part.setAttribute("aria-label", name);
}

function start() {
  const parts = ["#bar", "#left", "#middle", "#right", "#switch-card", "#announce", "#place", "#tab-weigh", "#composer", "#compare"];
  if (!parts.every((part) => $(part))) return requestAnimationFrame(start);
  label("#left", "complementary", "Person and conversations");
  label("#middle", "region", "Conversation");
  label("#right", "complementary", "Memory");
  label("#switch-card", "dialog", "Who am I helping?");
  $("#switch-card").setAttribute("aria-modal", "true");
  label("#announce", "status");
  label("#compare", "region", "Compare");
  tab("now");
  composer().text.value = sessionStorage.draft || "";
  const changes = ["open", "data-user", "data-session", "data-running", "data-memory"];
  new MutationObserver(redrawn).observe(body, { childList: true, subtree: true, attributeFilter: changes });
  redrawn();
}
start();

// Keys, parts that are loaded when they are opened, and pages that follow a run that goes on.
// Every page works without this file: it only saves steps.
"use strict";

const items = () => [...document.querySelectorAll("[data-item]")];
const parsed = async (answer) => new DOMParser().parseFromString(await answer.text(), "text/html");

// --- keys

function step(by) {
  const all = items();
  if (!all.length) return;
  const at = all.findIndex((one) => one.contains(document.activeElement));
  const to = all[Math.min(all.length - 1, Math.max(0, at < 0 ? (by > 0 ? 0 : all.length - 1) : at + by))];
  to.focus({ preventScroll: true });
  to.scrollIntoView({ block: to.matches("section") ? "start" : "nearest", inline: "start" });
}

function follow(name) {
  const link = document.querySelector(`a[data-${name}]`);
  if (link) link.click();
}

const keys = {
  j: () => step(1),
  k: () => step(-1),
  n: () => follow("next"),
  p: () => follow("prev"),
  u: () => follow("up"),
  "/": () => document.getElementById("find")?.select(),
  "?": () => document.getElementById("help").showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("dialog")) return;
  if (event.target.matches("input, textarea, select")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const act = keys[event.key];
  if (!act) return;
  event.preventDefault();
  if (event.key === "/") document.getElementById("find")?.focus();
  act();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-help]")) document.getElementById("help").showModal();
});

document.addEventListener("change", (event) => {
  const form = event.target.closest("[data-filters]");
  if (!form) return;
  // An address names the filters that are set and no other.
  for (const one of form.elements) one.disabled = one.name && !one.value;
  form.submit();
});

// --- parts on demand

async function load(link) {
  const place = link.closest("details");
  const answer = await fetch(link.href);
  const part = (await parsed(answer)).querySelector("[data-part]");
  if (part) link.replaceWith(part);
  place.dataset.loaded = "";
}

document.addEventListener(
  "toggle",
  (event) => {
    const link = event.target.open && event.target.querySelector(":scope > a[data-load]");
    if (link) load(link).catch(() => {});
  },
  true,
);

// An address may lead into what is folded.
function unfold() {
  const place = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!place) return;
  const folded = place.matches("details") ? place : place.querySelector("details.lazy");
  if (folded && place.closest(".others")) folded.open = true;
  place.scrollIntoView({ block: "start", inline: "start" });
}
addEventListener("hashchange", unfold);
addEventListener("DOMContentLoaded", unfold);

// --- pages that follow

function take(page) {
  for (const fresh of page.querySelectorAll("[data-live]")) {
    const shown = document.getElementById(fresh.id);
    if (!shown || shown.dataset.held === fresh.outerHTML) continue;
    swap(shown, fresh);
  }
}

function swap(shown, fresh) {
  const html = fresh.outerHTML;
  const open = [...shown.querySelectorAll("details[open][id]")].map((one) => one.id);
  const at = document.activeElement;
  const focused = shown.contains(at) ? at.id || at.getAttribute("href") : null;
  const scrolled = shown.querySelector(".board")?.scrollLeft ?? 0;
  const loaded = new Map(
    [...shown.querySelectorAll("details[data-loaded][id]")].map((one) => [one.id, one.querySelector("[data-part]")]),
  );
  shown.replaceWith(fresh);
  fresh.dataset.held = html;
  for (const id of open) {
    const one = document.getElementById(id);
    if (!one) continue;
    const link = one.querySelector(":scope > a[data-load]");
    if (link && loaded.get(id)) { link.replaceWith(loaded.get(id)); one.dataset.loaded = ""; }
    one.open = true;
  }
  const board = fresh.querySelector(".board");
  if (board) board.scrollTo({ left: scrolled, behavior: "instant" });
  if (focused) {
    const one = fresh.querySelector(`#${CSS.escape(focused)}, [href="${CSS.escape(focused)}"]`);
    one?.focus({ preventScroll: true });
  }
}

let tag = "";
async function look() {
  const address = location.pathname + location.search;
  const answer = await fetch(address, { cache: "no-store", headers: tag ? { "If-None-Match": tag } : {} });
  if (answer.status === 200) {
    tag = answer.headers.get("ETag") ?? "";
    take(await parsed(answer));
  }
}

const busy = () => document.activeElement?.matches("textarea, select") || document.querySelector("dialog[open]");
const live = document.querySelector("[data-live]");
if (live) {
  const seconds = Number(live.dataset.every);
  setInterval(() => {
    if (document.visibilityState === "visible" && !busy()) look().catch(() => {});
  }, 1000 * seconds);
}

// --- marks: sent without leaving the place

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-mark]");
  if (!form) return;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form, event.submitter));
  fetch(form.getAttribute("action"), { method: "POST", body })
    .then(async (answer) => {
      if (!answer.ok) throw new Error(String(answer.status));
      const fresh = (await parsed(answer)).getElementById(form.id);
      if (fresh) form.replaceWith(fresh);
      else location.reload();
    })
    .catch(() => form.submit());
});

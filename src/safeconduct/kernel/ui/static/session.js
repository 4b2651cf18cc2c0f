/* What was read while signed in leaves the page with the session, also where the server cannot be asked. */
(() => {
"use strict";
const doc = document, told = (name) => doc.querySelector(`meta[name="session-${name}"]`)?.content;
const idle = Number(told("idle")) * 1000, end = Date.now() + Number(told("left")) * 1000, words = String(told("over"));
if (!(idle > 0)) return;
const KEY = "sc-session", channel = "BroadcastChannel" in window ? new BroadcastChannel(KEY) : null;
let last = Date.now(), leaving = false;

// Tabs share when one of them was used: the server counts the session, not the tab.
function seen() {
  last = Date.now();
  try { localStorage.setItem(KEY, String(last)); } catch { /* not allowed: this tab counts alone */ }
}
function latest() {
  let other = 0;
  try { other = Number(localStorage.getItem(KEY)) || 0; } catch { /* as above */ }
  return Math.max(last, Math.min(other, Date.now()));
}
function over() {
  clearInterval(timer);
  const text = doc.createElement("p"), link = doc.createElement("a");
  link.href = "/accounts/login/?next=" + encodeURIComponent(location.pathname);
  link.textContent = words;
  text.append(link);
  doc.body.replaceChildren(text);
  doc.title = words;
}
const look = () => { if (Date.now() >= Math.min(end, latest() + idle)) over(); };
const timer = setInterval(look, 2000);
seen();
doc.addEventListener("visibilitychange", look);
doc.addEventListener("htmx:afterRequest", (e) => { if (e instanceof CustomEvent && e.detail.successful) seen(); });
doc.addEventListener("submit", (e) => {
  if (!(e.target instanceof HTMLFormElement) || !(e.target.getAttribute("action") || "").endsWith("/accounts/logout/")) return;
  leaving = true;
  channel?.postMessage("over");
});
addEventListener("pagehide", () => { if (leaving) over(); });
addEventListener("pageshow", (e) => { if (e.persisted) location.reload(); });
channel?.addEventListener("message", (e) => { if (e.data === "over") over(); });
})();

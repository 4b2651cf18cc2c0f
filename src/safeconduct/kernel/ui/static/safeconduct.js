/* Safeconduct: quick for the hand; pages work without. */
(() => {
"use strict";
const doc = document, on = (name, act) => doc.addEventListener(name, act);
const near = (e) => e?.scrollIntoView({ block: "nearest" });
const $ = (s, e = doc) => e.querySelector(s), $$ = (s, e = doc) => [...e.querySelectorAll(s)];
doc.documentElement.classList.add("js");

// This device's zone, unless known.
if (!String(doc.cookie).includes("sc_zone=")) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const [host, tls] = location.protocol === "https:" ? ["__Host-", ";secure"] : ["", ""];
  if (zone) doc.cookie = `${host}sc_zone=${zone};path=/;max-age=31536000;samesite=lax${tls}`;
}

// Rows: opened, walked with J and K, chosen with X.
const rows = () => $$("[data-row]").filter((r) => r.offsetParent);
const here = () => $("[data-row].is-here") || doc.activeElement.closest("[data-row]");
const open = (row) => ($("a[data-open]", row) || $("a", row))?.click();
function walk(step) {
  const all = rows(), at = all.indexOf(here() || $("[data-row].is-open"));
  const row = all[Math.min(Math.max(at + step, 0), all.length - 1)];
  if (!row) return;
  all.forEach((r) => r.classList.toggle("is-here", r === row));
  row.tabIndex = -1;
  row.focus({ preventScroll: true });
  near(row);
}
const chosen = () => $$("[data-bulk]").forEach((list) => {
  const boxes = $$("[data-pick]", list), n = boxes.filter((b) => b.checked).length, all = $("[data-pick-all]", list);
  $(".bulk", list)?.classList.toggle("is-on", n > 0);
  $$("[data-chosen-count]", list).forEach((e) => (e.textContent = doc.body.dataset.chosen.replace("{n}", n)));
  if (all) { all.checked = n > 0 && n === boxes.length; all.indeterminate = n > 0 && n < boxes.length; }
});

// Code: colours, numbers; as kernel/ui/code.py.
const TOKEN = /(#.*$)|([\w.\-]+:(?=\s|$))|("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')|(\b\d[\d_.]*\b)|(\b(?:AND|OR|NOT|IN|IS|NULL|BETWEEN|TRUE|FALSE|CASE|WHEN|THEN|ELSE|END|allow|challenge|review|block)\b)/g;
const NAMES = ["t-note", "t-key", "t-text", "t-num", "t-word"];
function paint(line) {
  const out = doc.createDocumentFragment();
  let at = 0;
  for (const m of line.matchAll(TOKEN)) {
    const span = doc.createElement("span");
    span.className = NAMES[m.slice(1).findIndex(Boolean)];
    span.textContent = m[0];
    out.append(line.slice(at, m.index), span);
    at = m.index + m[0].length;
  }
  out.append(line.slice(at) + "\n");
  return out;
}
function ink(area) {
  const box = area.closest(".editor"), gutter = $(".gutter", box), lines = area.value.split("\n");
  $(".inked", box).replaceChildren(...lines.map(paint));
  if (gutter.textContent.trimEnd().split("\n").length !== lines.length) gutter.textContent = lines.map((_, i) => i + 1 + "\n").join("");
}
// Tab indents; Escape, then Tab, leaves.
function tab(e) {
  const area = e.target, { selectionStart: a, selectionEnd: b, value } = area;
  if (e.key === "Escape") return (area.dataset.leave = 1);
  if (e.key !== "Tab" || area.dataset.leave || e.ctrlKey || e.altKey || e.metaKey) return e.key === "Shift" || delete area.dataset.leave;
  e.preventDefault();
  if (a === b && !e.shiftKey) return doc.execCommand("insertText", false, "  ");
  const start = value.lastIndexOf("\n", a - 1) + 1, block = value.slice(start, b);
  const moved = e.shiftKey ? block.replace(/^ {1,2}/gm, "") : block.replace(/^/gm, "  ");
  area.setSelectionRange(start, b);
  doc.execCommand("insertText", false, moved);
  area.setSelectionRange(start, start + moved.length);
}
function jump({ jump, line, column }) {
  const area = $("textarea#" + jump), box = area?.closest(".editor"), lines = area?.value.split("\n") || [], before = lines.slice(0, line - 1);
  if (!box) return;
  const at = before.reduce((n, l) => n + l.length + 1, 0) + Math.min(column - 1, (lines[before.length] || "").length);
  area.focus({ preventScroll: true });
  area.setSelectionRange(at, at);
  box.scrollTop = (line - 4) * parseFloat(getComputedStyle(box).lineHeight);
  near(box);
  return true;
}

// Dialogs.
function show(name) {
  const d = $("dialog#" + name), input = d && $("input", d);
  if (!d || d.open) return;
  d.showModal();
  if (input) { input.value = ""; filter(d); input.focus(); }
}
function filter(box) {
  const words = $("input", box).value;
  $$("li", box).forEach((li) => {
    const search = "search" in li.dataset;
    li.hidden = search ? !words : !li.textContent.toLowerCase().includes(words.toLowerCase());
    if (search) $("a", li).search = "?q=" + encodeURIComponent(words);
  });
}

on("click", (e) => {
  const t = e.target.closest("[data-copy],[data-close],[data-close-dialog],[data-dialog],[data-shut],[data-jump],dialog"), d = t?.dataset;
  if (!t) {
    $$(".account[open]").forEach((a) => a.contains(e.target) || (a.open = false));
    const row = e.target.closest("[data-row]");
    if (row && !e.target.closest("a,button,input,select,label,summary,textarea") && !String(getSelection())) open(row);
  } else if (d.copy) navigator.clipboard?.writeText(d.copy).then(() => { t.classList.add("is-done"); t.title = doc.body.dataset.copied; });
  else if ("close" in d) t.closest(".note").remove();
  else if ("closeDialog" in d) t.closest("dialog").close();
  else if (d.dialog) show(d.dialog);
  else if ("shut" in d) t.closest("details").open = false;
  else if (d.jump) jump(d) && e.preventDefault();
  else if (t === e.target || e.target.closest("a")) t.close(); // its veil, or a link in it
});
on("change", ({ target: t }) => {
  if (t.matches("[data-pick-all]")) $$("[data-pick]", t.closest("[data-bulk]")).forEach((b) => (b.checked = t.checked));
  chosen();
  if (t.matches("[data-submit]")) t.form.requestSubmit();
});
on("input", ({ target: t }) => {
  if (t.matches("[data-editor]")) { ink(t); $("[data-checked]")?.remove(); }
  else if (t.closest(".palette")) filter(t.closest(".palette"));
});
let going = 0;
on("keydown", (e) => {
  const t = e.target, key = e.key.length === 1 ? e.key.toLowerCase() : e.key, step = { ArrowDown: 1, ArrowUp: -1 }[key];
  const take = (f) => { e.preventDefault(); f?.(); };
  if (t.matches("[data-editor]")) return tab(e);
  if ((e.ctrlKey || e.metaKey) && key === "k" && $("dialog#palette")) return take(() => show("palette"));
  const box = t.closest(".palette");
  if (box) {
    const links = $$("li:not([hidden]) a", box);
    if (step) take(() => (links[links.indexOf(t) + step] || $("input", box)).focus());
    else if (key === "Enter" && t.matches("input")) take(() => links[0]?.click());
    return;
  }
  const sheet = key === "Escape" && t.closest(".account[open],.confirm[open]");
  if (sheet) return take(() => { sheet.open = false; $("summary", sheet).focus(); });
  if (e.ctrlKey || e.metaKey || e.altKey || t.matches("input:not([type=checkbox]),select,textarea") || $("dialog[open]")) return;
  const to = (name) => $$(`[data-${name}="${CSS.escape(key)}"]`).find((b) => (name === "go" || b.offsetParent) && !b.disabled);
  if (Date.now() - going < 1200) { going = 0; const link = to("go"); if (link) take(() => link.click()); return; }
  const act = to("key"), row = here();
  if (act) take(() => { act.click(); act.focus(); const more = act.closest("details[open]"); if (more) ($("textarea", more) || $("form button", more))?.focus(); });
  else if (key === "g") going = Date.now();
  else if (key === "j") walk(1);
  else if (key === "k") walk(-1);
  else if (row && (key === "o" || (key === "Enter" && t === row))) take(() => open(row));
  else if (row && key === "x") $("[data-pick]", row)?.click();
  else if (key === "u") $("a[data-back]")?.click();
  else if (key === "/") take(() => $("[data-search-field]")?.focus());
  else if (key === "?") show("keyboard");
});
const ready = (e) => { $$("textarea[data-editor]", e).forEach(ink); $$("[data-ink] span", e).forEach((l) => l.replaceChildren(paint(l.textContent.trimEnd()))); chosen(); };
ready(doc);
near($("[aria-invalid]") ?? $(".menu [aria-current]"));
on("htmx:afterSwap", ({ target: t }) => {
  ready(t);
  if (!t.matches(".pane")) return;
  rows().forEach((r) => r.classList.toggle("is-open", $("a[data-open]", r)?.href === location.href));
  t.closest(".split")?.classList.add("is-open");
});
})();

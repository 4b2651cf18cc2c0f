/* Safeconduct: what makes the pages quick for the hand. Nothing here is essential; every page works without it. */
(() => {
  "use strict";
  const html = document.documentElement, $ = (s, e = document) => e.querySelector(s), $$ = (s, e = document) => [...e.querySelectorAll(s)];
  html.classList.add("js");

  // The zone of this device, for the server, unless one was chosen.
  if (!/(^|; )sc_zone=/.test(document.cookie)) {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (zone) document.cookie = `sc_zone=${zone};path=/;max-age=31536000;samesite=lax${location.protocol === "https:" ? ";secure" : ""}`;
  }

  // Lists: rows that open, are walked with J and K, chosen with X.
  const rows = () => $$("[data-row]").filter((r) => r.offsetParent);
  const here = () => $(".is-here[data-row]") || document.activeElement.closest?.("[data-row]");
  function walk(step) {
    const all = rows();
    if (!all.length) return;
    const from = all.indexOf(here() || $("[data-row].is-open"));
    const row = all[Math.min(Math.max(from + step, 0), all.length - 1)];
    all.forEach((r) => r.classList.toggle("is-here", r === row));
    row.tabIndex = -1;
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }
  const open = (row) => $("a[data-open]", row)?.click() ?? $("a", row)?.click();
  function chosen() {
    $$("form[data-bulk], [data-bulk]").forEach((list) => {
      const boxes = $$("input[data-pick]", list), on = boxes.filter((b) => b.checked), bar = $(".bulk", list), all = $("input[data-pick-all]", list);
      if (bar) bar.classList.toggle("is-on", on.length > 0);
      $$("[data-chosen-count]", list).forEach((e) => (e.textContent = document.body.dataset.chosen.replace("{n}", on.length)));
      if (all) { all.checked = on.length > 0 && on.length === boxes.length; all.indeterminate = on.length > 0 && on.length < boxes.length; }
    });
  }

  // Editors: the ink under the text, the numbers beside it. The same expression as in kernel/ui/code.py.
  const TOKEN = /(#.*$)|([\w.-]+:(?=\s|$))|("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')|(\b\d[\d_.]*\b)|(\b(?:AND|OR|NOT|IN|IS|NULL|BETWEEN|TRUE|FALSE|CASE|WHEN|THEN|ELSE|END|allow|challenge|review|block)\b)/g;
  const NAMES = ["t-note", "t-key", "t-text", "t-num", "t-word"];
  function ink(area) {
    const box = area.closest(".editor"), inked = $(".inked", box), gutter = $(".gutter", box), out = document.createDocumentFragment();
    const lines = area.value.split("\n");
    for (const line of lines) {
      let at = 0;
      for (const m of line.matchAll(TOKEN)) {
        out.append(line.slice(at, m.index));
        const span = document.createElement("span");
        span.className = NAMES[m.slice(1).findIndex((g) => g !== undefined)];
        span.textContent = m[0];
        out.append(span);
        at = m.index + m[0].length;
      }
      out.append(line.slice(at) + "\n");
    }
    inked.replaceChildren(out);
    if (gutter.childElementCount !== lines.length) gutter.textContent = lines.map((_, i) => i + 1).join("\n") + "\n";
  }
  function tab(e) {
    // Tab indents; Escape first, then Tab, leaves the field (no keyboard trap).
    const area = e.target;
    if (e.key === "Escape") return void (area.dataset.leave = "1");
    if (e.key !== "Tab" || area.dataset.leave || e.ctrlKey || e.altKey || e.metaKey) return void (e.key === "Shift" || delete area.dataset.leave);
    e.preventDefault();
    const { selectionStart: a, selectionEnd: b, value } = area, start = value.lastIndexOf("\n", a - 1) + 1, block = value.slice(start, b);
    if (a === b && !e.shiftKey) document.execCommand("insertText", false, "  ");
    else {
      const moved = e.shiftKey ? block.replace(/^ {1,2}/gm, "") : block.replace(/^/gm, "  ");
      area.setSelectionRange(start, b);
      document.execCommand("insertText", false, moved);
      area.setSelectionRange(start, start + moved.length);
    }
  }
  function jump(link) {
    const area = document.getElementById(link.dataset.jump);
    if (!area) return false;
    const lines = area.value.split("\n"), line = Math.min(+link.dataset.line, lines.length);
    const at = lines.slice(0, line - 1).reduce((n, l) => n + l.length + 1, 0) + Math.min(+link.dataset.column - 1, lines[line - 1].length);
    area.focus({ preventScroll: true });
    area.setSelectionRange(at, at);
    const box = area.closest(".editor");
    box.scrollTop = (line - 4) * parseFloat(getComputedStyle(box).lineHeight);
    box.scrollIntoView({ block: "nearest" });
    return true;
  }

  const dialog = (id) => { const d = document.getElementById(id); if (d && !d.open) { d.showModal(); const i = $("input", d); if (i) { i.value = ""; filter(d); i.focus(); } } };
  function filter(box) {
    const words = $("input", box).value.toLowerCase();
    $$("li", box).forEach((li) => {
      const a = $("a", li), search = "search" in li.dataset;
      li.hidden = search ? !words : !li.textContent.toLowerCase().includes(words);
      if (search) a.search = "?q=" + encodeURIComponent($("input", box).value);
    });
  }

  document.addEventListener("click", (e) => {
    const t = e.target.closest("[data-copy],[data-close],[data-close-dialog],[data-dialog],[data-shut],[data-jump],dialog");
    if (!t) {
      $$(".account[open]").forEach((d) => d.contains(e.target) || (d.open = false));
      const row = e.target.closest("[data-row]");
      if (row && !e.target.closest("a,button,input,select,label,summary,textarea") && !getSelection().toString()) open(row);
      return;
    }
    if ("copy" in t.dataset) navigator.clipboard?.writeText(t.dataset.copy).then(() => { t.classList.add("is-done"); t.title = document.body.dataset.copied; setTimeout(() => t.classList.remove("is-done"), 1500); });
    else if ("close" in t.dataset) t.closest(".note").remove();
    else if ("closeDialog" in t.dataset) t.closest("dialog").close();
    else if ("dialog" in t.dataset) { e.preventDefault(); dialog(t.dataset.dialog); }
    else if ("shut" in t.dataset) t.closest("details").open = false;
    else if ("jump" in t.dataset) jump(t) && e.preventDefault();
    else if (t === e.target) t.close(); // the veil around a dialog
  });
  document.addEventListener("change", (e) => {
    const t = e.target;
    if (t.matches("[data-pick-all]")) $$("input[data-pick]", t.closest("[data-bulk]")).forEach((b) => (b.checked = t.checked));
    if (t.matches("[data-pick],[data-pick-all]")) chosen();
    if (t.matches("[data-submit]")) t.form.requestSubmit();
  });
  document.addEventListener("input", (e) => {
    if (e.target.matches("[data-editor]")) ink(e.target);
    else if (e.target.closest(".palette")) filter(e.target.closest(".palette"));
  });
  let going = 0;
  document.addEventListener("keydown", (e) => {
    const t = e.target, key = e.key.length === 1 ? e.key.toLowerCase() : e.key;
    if (t.matches?.("[data-editor]")) return tab(e);
    if ((e.ctrlKey || e.metaKey) && key === "k" && $("#palette")) { e.preventDefault(); return dialog("palette"); }
    const box = t.closest?.(".palette");
    if (box && (key === "ArrowDown" || key === "ArrowUp" || key === "Enter")) {
      const links = $$("li:not([hidden]) a", box);
      if (key === "Enter" && t.matches("input")) { e.preventDefault(); links[0]?.click(); }
      else if (key !== "Enter") { e.preventDefault(); const i = links.indexOf(t) + (key === "ArrowDown" ? 1 : -1); (links[i] || $("input", box)).focus(); }
      return;
    }
    if (e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented || t.matches?.("input:not([type=checkbox]),select,textarea,[contenteditable]") || $("dialog[open]")) return;
    const now = Date.now();
    if (now - going < 1200) { going = 0; const to = $(`[data-go="${CSS.escape(key)}"]`); if (to) { e.preventDefault(); to.click(); } return; }
    const act = $$(`[data-key="${CSS.escape(key)}"]`).find((b) => b.offsetParent && !b.disabled);
    if (act) {
      e.preventDefault(); act.click(); act.focus();
      const more = act.closest("details[open]"); more && ($("textarea,select,input:not([type=hidden])", more) || $("form button", more))?.focus();
    }
    else if (key === "g") going = now;
    else if (key === "j") walk(1);
    else if (key === "k") walk(-1);
    else if (key === "o" || (key === "Enter" && t.matches?.("[data-row]"))) { const row = here(); if (row) { e.preventDefault(); open(row); } }
    else if (key === "x") { const b = here() && $("[data-pick]", here()); if (b) b.click(); }
    else if (key === "u") $("a[data-back]")?.click();
    else if (key === "/") { const f = $("[data-search-field]"); if (f) { e.preventDefault(); f.focus(); f.select(); } }
    else if (e.key === "?") dialog("keyboard");
  });
  const ready = (e) => { $$("textarea[data-editor]", e).forEach(ink); chosen(); };
  ready(document);
  $(".menu [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  document.addEventListener("htmx:afterSwap", (e) => {
    ready(e.target);
    if (e.target.matches(".pane")) { const open = location.href; rows().forEach((r) => r.classList.toggle("is-open", $("a[data-open]", r)?.href === open)); e.target.closest(".split")?.classList.add("is-open"); }
  });
})();

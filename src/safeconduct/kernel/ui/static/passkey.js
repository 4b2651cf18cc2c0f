/* A passkey that was refused, or a window that was closed: the page says so in its own words. */
"use strict";
document.addEventListener("allauth.error", (e) => {
  const told = document.querySelector("p#passkey_problem");
  if (told) { told.hidden = false; e.preventDefault(); }
});

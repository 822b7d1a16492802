// Keys of the inbox, and words put into the answer by a press.
"use strict";
(function () {
  const typing = (target) => target.closest("input, textarea, select, [contenteditable]");
  const rows = [...document.querySelectorAll("[data-rows] .row-title")];
  const move = (step) => {
    const here = rows.indexOf(document.activeElement);
    rows[Math.max(0, Math.min(rows.length - 1, here + step))]?.focus();
  };
  const answer = () => document.querySelector("[data-reply] textarea");
  const kinds = [...document.querySelectorAll("[data-kinds] button")];
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (rows.length && event.key === "j") move(1);
    else if (rows.length && event.key === "k") move(-1);
    else if (event.key === "r" && answer()) answer().focus();
    else if (event.key === "u" && kinds.length) document.querySelector(".eyebrow a").click();
    else if (kinds[event.key - 1]) kinds[event.key - 1].click();
    else return;
    event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    const insert = event.target.closest("[data-insert]");
    if (!insert) return;
    const field = answer();
    const text = insert.parentElement.querySelector("[data-copy-text]").textContent;
    field.value = field.value ? `${field.value}\n${text}` : text;
    field.focus();
  });
  // Others on the page are told that somebody writes.
  answer()?.addEventListener("input", () => {
    const place = document.querySelector("[data-live]");
    if (place && !place.dataset.address.includes("writing=")) place.dataset.address += "&writing=1";
  });
})();

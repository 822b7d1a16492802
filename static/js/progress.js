// Numbers of what is under way, every two seconds (or data-every) as long as something moves.
(() => {
  "use strict";
  const place = document.querySelector("[data-live]");
  if (!place || !window.fetch) return;
  const every = Number(place.dataset.every) || 2000; // milliseconds

  // Nobody loses the button under their finger.
  const isUsed = () => place.contains(document.activeElement) || place.querySelector("details[open]");

  async function look() {
    if (!document.hidden && !isUsed()) {
      const answer = await fetch(place.dataset.address, {
        credentials: "same-origin",
        redirect: "manual",
      });
      if (!answer.ok) return;
      place.innerHTML = await answer.text();
    }
    later();
  }

  function later() {
    if (place.querySelector("[data-moving]")) setTimeout(() => look().catch(later), every);
  }
  later();
})();

// While a copy of a photo or video is being made, the previews of a post say how far it is.
(() => {
  "use strict";
  const EVERY = 4000; // milliseconds
  const place = document.querySelector(".post-previews");
  if (!place || !window.fetch) return;

  async function look() {
    if (!document.hidden && !isWatched()) {
      const answer = await fetch(location.href, { credentials: "same-origin", redirect: "manual" });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const now = page.querySelector(".post-previews");
      if (!now) return;
      now.querySelectorAll("script").forEach((script) => script.remove());
      place.replaceChildren(...now.childNodes);
    }
    later();
  }
  const isWatched = () => [...place.querySelectorAll("video")].some((one) => one.currentTime > 0);

  function later() {
    if (place.querySelector("[data-moving]")) setTimeout(() => look().catch(later), EVERY);
  }
  later();
})();

// Beside every field with data-longest: how many characters are written, as people count them.
(() => {
  const segmenter = window.Intl && Intl.Segmenter ? new Intl.Segmenter("hi") : null;
  const tidy = (text) => text.normalize("NFC").replace(/\s+/g, " ").trim();
  const count = (text) =>
    segmenter ? [...segmenter.segment(tidy(text))].length : [...tidy(text)].length;

  document.querySelectorAll("[data-longest]").forEach((field) => {
    const longest = Number(field.dataset.longest);
    if (longest > 500) return;
    const shown = document.createElement("p");
    shown.className = "counted";
    const update = () => {
      const long = count(field.value);
      shown.textContent = `${long} / ${longest}`;
      shown.classList.toggle("is-warning", long > longest);
    };
    field.after(shown);
    field.addEventListener("input", update);
    update();
  });
})();

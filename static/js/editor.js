// The portal's words for what the editor's own catalogue leaves in English.
(() => {
  const words = document.getElementById("editor-words");
  const catalogues = (window.CKEDITOR_TRANSLATIONS = window.CKEDITOR_TRANSLATIONS || {});
  const catalogue = (catalogues.hi = catalogues.hi || {});
  catalogue.dictionary = Object.assign(catalogue.dictionary || {}, JSON.parse(words.textContent));
})();

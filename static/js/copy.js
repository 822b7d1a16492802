// Copies an approved text for posting by hand. Without script the text can be selected.
(function () {
  "use strict";
  if (!navigator.clipboard) return;
  document.querySelectorAll("button[data-copy]").forEach(function (button) {
    button.hidden = false;
    var words = button.textContent;
    button.addEventListener("click", function () {
      var text = document.getElementById(button.dataset.copy).textContent;
      navigator.clipboard.writeText(text).then(function () {
        button.textContent = button.dataset.copied;
        setTimeout(function () {
          button.textContent = words;
        }, 2000);
      });
    });
  });
})();

// Previews beside the text, made by the server's own rules. Without script they come on saving.
(function () {
  "use strict";
  var form = document.querySelector("form[data-previews]");
  if (!form || !window.fetch) return;
  var target = document.getElementById("previews");
  var waiting = null;
  var running = null;

  function refresh() {
    if (running) running.abort();
    running = new AbortController();
    var data = new FormData(form);
    data.delete("photo_file");
    data.delete("video_file");
    fetch(form.dataset.previews, {
      method: "POST",
      body: data,
      credentials: "same-origin",
      signal: running.signal,
    })
      .then(function (answer) {
        return answer.ok && !answer.redirected ? answer.text() : null;
      })
      .then(function (html) {
        if (html !== null) show(html);
      })
      .catch(function (error) {
        if (error.name !== "AbortError") throw error;
      });
  }

  // What is being typed inside a preview stays as it is: only its count and words change.
  function show(html) {
    var active = document.activeElement;
    var typing = target.contains(active) ? { id: active.id, at: active.selectionStart } : null;
    target.innerHTML = html;
    if (!typing || !typing.id) return;
    var field = document.getElementById(typing.id);
    if (!field) return;
    var edit = field.closest("details");
    if (edit) edit.open = true;
    field.focus();
    if (typing.at !== null) field.setSelectionRange(typing.at, typing.at);
  }

  function soon() {
    clearTimeout(waiting);
    waiting = setTimeout(refresh, 400);
  }

  form.addEventListener("input", soon);
  form.addEventListener("change", soon);

  // A double click sends once.
  form.addEventListener("submit", function () {
    var button = form.querySelector("button[type=submit]");
    setTimeout(function () {
      button.disabled = true;
    }, 0);
  });
  window.addEventListener("pageshow", function () {
    form.querySelector("button[type=submit]").disabled = false;
  });
})();

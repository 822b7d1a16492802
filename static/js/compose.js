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

  // What was opened stays open, and what is being typed inside a preview stays as it is.
  function show(html) {
    var active = target.contains(document.activeElement) ? document.activeElement : null;
    var open = Array.from(target.querySelectorAll("details[open]"), function (edit) {
      return edit.id;
    });
    var typing = active && { id: active.id, value: active.value, at: active.selectionStart };
    target.innerHTML = html;
    open.forEach(function (id) {
      var edit = document.getElementById(id);
      if (edit) edit.open = true;
    });
    var field = typing && document.getElementById(typing.id);
    if (!field) return;
    field.focus();
    if (typing.value === undefined) return;
    field.value = typing.value;
    field.setSelectionRange(typing.at, typing.at);
  }

  function soon() {
    clearTimeout(waiting);
    waiting = setTimeout(refresh, 400);
  }

  // Leaving with unsaved words is asked about, in the browser's own words.
  var unsaved = !!document.querySelector(".error-summary");
  window.addEventListener("beforeunload", function (event) {
    if (unsaved) event.preventDefault();
  });
  form.addEventListener("input", function () {
    unsaved = true;
  });

  form.addEventListener("input", soon);
  form.addEventListener("change", soon);

  // A double click sends once.
  form.addEventListener("submit", function () {
    unsaved = false;
    var button = form.querySelector("button[type=submit]");
    setTimeout(function () {
      button.disabled = true;
    }, 0);
  });
  window.addEventListener("pageshow", function () {
    form.querySelector("button[type=submit]").disabled = false;
  });
})();

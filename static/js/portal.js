// Comfort only: every page works without it.
(function () {
  "use strict";
  var root = document.documentElement;

  // The accessibility panel: at once on this page; the server keeps the choice in its cookie.
  function sizeNow() {
    var found = /display-text-(-?\d)/.exec(root.className);
    return found ? Number(found[1]) : 0;
  }
  function setSize(size) {
    root.className = root.className.replace(/\s*display-text--?\d/, "");
    if (size) root.classList.add("display-text-" + size);
  }
  function change(form, button) {
    var name = button.value;
    if (name === "default") {
      root.className = root.className.replace(/\s*display-[\w-]+/g, "");
      form.querySelectorAll("[aria-pressed]").forEach(function (each) {
        each.setAttribute("aria-pressed", "false");
      });
    } else if (name === "larger" || name === "smaller") {
      var size = sizeNow() + (name === "larger" ? 1 : -1);
      setSize(Math.max(Number(form.dataset.smallest), Math.min(Number(form.dataset.largest), size)));
    } else {
      button.setAttribute("aria-pressed", String(root.classList.toggle("display-" + name)));
    }
    fetch(form.action + "?set=" + encodeURIComponent(name), {
      credentials: "same-origin",
      headers: { "X-Requested-With": "fetch" },
    });
  }
  document.querySelectorAll("form[data-display]").forEach(function (form) {
    form.addEventListener("submit", function (event) {
      if (!event.submitter || !window.fetch) return;
      event.preventDefault();
      change(form, event.submitter);
    });
  });

  // Escape closes what was opened over the page and gives the focus back.
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape") return;
    var open = document.querySelector("details[data-popup][open]");
    if (!open) return;
    open.open = false;
    open.querySelector("summary").focus();
  });
  document.addEventListener("click", function (event) {
    document.querySelectorAll("details[data-popup][open]").forEach(function (open) {
      if (!open.contains(event.target)) open.open = false;
    });
  });

  // A double click sends once.
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (!form.matches("form[data-once]") || event.defaultPrevented) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
  });
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form[data-once]").forEach(function (form) {
      delete form.dataset.sent;
    });
  });

  // A file's button in the page's language, and the chosen picture beside it.
  document.querySelectorAll("input[type=file][data-choose]").forEach(function (field) {
    var box = document.createElement("div");
    var button = document.createElement("span");
    var name = document.createElement("span");
    box.className = "file-choice";
    button.className = "button button-quiet";
    button.setAttribute("aria-hidden", "true");
    button.textContent = field.dataset.choose;
    name.className = "file-name";
    name.textContent = field.dataset.none;
    field.replaceWith(box);
    box.append(field, button, name);
    field.addEventListener("change", function () {
      var file = field.files[0];
      name.textContent = file ? file.name : field.dataset.none;
      if (field.multiple) name.textContent += field.files.length > 1 ? ` +${field.files.length - 1}` : "";
      else showPicture(box, file);
    });
  });
  function showPicture(box, file) {
    var old = box.querySelector("img");
    if (old) {
      URL.revokeObjectURL(old.src);
      old.remove();
    }
    if (!file || !/^image\//.test(file.type)) return;
    var picture = document.createElement("img");
    picture.alt = "";
    picture.width = 160;
    picture.src = URL.createObjectURL(file);
    box.append(picture);
  }

  var summary = document.querySelector(".error-summary");
  if (summary) summary.focus();
})();

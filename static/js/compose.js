// The composer: previews beside the text by the server's own rules, photos in their order, and
// nothing typed is lost. Without script previews come on saving, and the page works all the same.
(() => {
  "use strict";
  const form = document.querySelector("form[data-previews]");
  if (!form || !window.fetch) return;
  const field = (name) => form.elements.namedItem(name);

  // --- files chosen and not sent yet -----------------------------------------------------------
  const chosen = new Map(); // name on the page -> {url, told}
  const photoInput = form.querySelector("input[name=photo_file]");
  const videoInput = form.querySelector("input[name=video_file]");
  const list = form.querySelector("[data-new]");
  const pattern = list.querySelector(".new-photo").cloneNode(true);
  pattern.querySelectorAll("[data-lost]").forEach((lost) => lost.remove());
  pattern.querySelectorAll("input").forEach((input) => (input.value = ""));
  let rows = []; // {element, file}

  function measured(file, tag) {
    const url = URL.createObjectURL(file);
    const probe = document.createElement(tag);
    return new Promise((resolve) => {
      const done = () =>
        resolve({
          url,
          told: [
            probe.naturalWidth || probe.videoWidth || 0,
            probe.naturalHeight || probe.videoHeight || 0,
            Math.round(probe.duration || 0),
          ].join("x"),
        });
      probe.addEventListener(tag === "img" ? "load" : "loadedmetadata", done);
      probe.addEventListener("error", done);
      if (tag === "video") probe.preload = "metadata";
      probe.src = url;
    });
  }

  function newRow(file) {
    const element =
      [...list.children].find((one) => rows.every((row) => row.element !== one)) ||
      list.appendChild(pattern.cloneNode(true));
    named("photo", file.name, element);
    const row = { element, file, told: "", url: "" };
    element.querySelector(".new-photo-file").hidden = false;
    element.querySelector(".file-name").textContent = file.name;
    row.ready = measured(file, "img").then((told) => {
      Object.assign(row, told);
      element.querySelector("img").src = row.url;
    });
    return row;
  }

  // The name goes with the page, so that a file that does not is known by it.
  function named(kind, name, place) {
    place.querySelectorAll(`[data-lost], [name=${kind}_name]`).forEach((one) => {
      if (one.name || one.querySelector(`[name=${kind}_name]`)) one.remove();
    });
    if (!name) return;
    const hidden = document.createElement("input");
    Object.assign(hidden, { type: "hidden", name: `${kind}_name`, value: name });
    place.append(hidden);
  }
  list.addEventListener("change", (event) => {
    if (event.target.name !== "photo_name" || event.target.checked) return;
    event.target.closest("li").remove();
    if (!list.children.length) list.append(pattern.cloneNode(true));
  });

  // The input's own files follow the rows, so that each meets its description.
  function followRows() {
    const files = new DataTransfer();
    rows.forEach((row) => files.items.add(row.file));
    photoInput.files = files.files;
    soon();
  }

  photoInput.addEventListener("change", () => {
    for (const file of photoInput.files) rows.push(newRow(file));
    list.prepend(...rows.map((one) => one.element));
    followRows();
    Promise.all(rows.map((row) => row.ready)).then(soon);
  });

  list.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    const at = rows.findIndex((row) => button && row.element.contains(button));
    if (at < 0) return;
    const [row] = rows.splice(at, 1);
    if ("drop" in button.dataset) {
      row.element.remove();
      if (!list.children.length) list.append(pattern.cloneNode(true));
    } else {
      rows.splice(Math.max(0, at + ("up" in button.dataset ? -1 : 1)), 0, row);
      list.prepend(...rows.map((one) => one.element));
      button.focus();
    }
    followRows();
  });

  videoInput.addEventListener("change", () => {
    chosen.delete("video-0");
    const file = videoInput.files[0];
    named("video", file ? file.name : "", form);
    if (file) measured(file, "video").then((told) => (chosen.set("video-0", told), soon()));
  });

  const captionsInput = form.querySelector("input[name=captions_file]");
  captionsInput.addEventListener("change", () => {
    named("captions", captionsInput.files.length ? captionsInput.files[0].name : "", form);
  });

  // Without a description a file cannot be stored: said before it is sent in vain.
  function bareDescription() {
    const needed = rows.map((row) => row.element.querySelector("[name=photo_alt_hi]"));
    if (videoInput.files.length) needed.push(field("video_alt_hi"));
    const bare = needed.find((input) => !input.value.trim());
    form.querySelectorAll("[data-bare-error]").forEach((old) => old.remove());
    if (!bare) return false;
    const error = document.createElement("p");
    error.className = "field-error";
    error.dataset.bareError = "";
    error.textContent = document.getElementById("compose-trouble").dataset.bare;
    bare.closest(".field").before(error);
    bare.focus();
    return true;
  }

  // --- the route that a kind takes -------------------------------------------------------------
  const routes = [...form.querySelectorAll("[data-kind]")];
  field("kind").addEventListener("change", () => {
    routes.forEach((note) => {
      note.hidden = note.dataset.kind !== field("kind").value;
      if (!note.hidden) field("route").value = note.dataset.route;
    });
  });

  // --- photos in their places ------------------------------------------------------------------
  const stored = form.querySelector("[data-rows]");
  function renumber() {
    stored.querySelectorAll("input[name=photo_order]").forEach((place, at) => {
      place.value = at + 1;
    });
    soon();
  }
  stored.querySelectorAll("[data-up], [data-down]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => {
      const row = button.closest("li");
      const other = "up" in button.dataset ? row.previousElementSibling : row.nextElementSibling;
      if (!other) return;
      if ("up" in button.dataset) other.before(row);
      else other.after(row);
      button.focus();
      renumber();
    });
  });

  // --- the library -----------------------------------------------------------------------------
  const library = form.querySelector("[data-library]:not(form)");
  function search() {
    const words = encodeURIComponent(field("library_q").value);
    fetch(`${form.dataset.library}?q=${words}`, { credentials: "same-origin", redirect: "manual" })
      .then((answer) => (answer.ok ? answer.text() : null))
      .then((html) => {
        if (html === null) return signedOut();
        const kept = [...library.querySelectorAll("li:has(input:checked)")];
        const values = new Set(kept.map((item) => item.querySelector("input").value));
        library.innerHTML = html;
        library.querySelectorAll("li:has(input)").forEach((item) => {
          if (values.has(item.querySelector("input").value)) item.remove();
        });
        library.querySelector("ul").prepend(...kept);
      })
      .catch(() => trouble("offline"));
  }
  form.querySelector("[name=find]").addEventListener("click", (event) => {
    event.preventDefault();
    search();
  });
  field("library_q").addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    search();
  });

  // --- all of a group --------------------------------------------------------------------------
  form.querySelectorAll("[data-group]").forEach((group) => {
    const all = group.querySelector("[name=all_of]");
    const boxes = [...group.querySelectorAll("[name=handles]")];
    group.addEventListener("change", (event) => {
      if (event.target === all) boxes.forEach((box) => (box.checked = all.checked));
      else if (all) all.checked = boxes.every((box) => box.checked);
    });
  });

  // --- a choice among thousands ----------------------------------------------------------------
  const choice = form.querySelector("[data-handle-choice]");
  async function pick(button) {
    const data = typed();
    data.set("pick", button.value);
    const answer = await fetch(form.dataset.handles, {
      method: "POST",
      body: data,
      credentials: "same-origin",
      redirect: "manual",
    });
    if (!answer.ok) return signedOut();
    choice.innerHTML = await answer.text();
    const again = choice.querySelector(`[name=pick][value=${button.value}]`);
    (again || choice.querySelector("[name=handle_q]")).focus();
    if (button.value === "show") return;
    soon();
    keepSoon();
  }
  if (choice) {
    choice.addEventListener("click", (event) => {
      const button = event.target.closest("[name=pick]");
      if (!button) return;
      event.preventDefault();
      pick(button).catch(() => trouble("offline"));
    });
    choice.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !event.target.matches("input[type=search], select")) return;
      event.preventDefault();
      choice.querySelector("[name=pick][value=show]").click();
    });
  }

  // --- previews --------------------------------------------------------------------------------
  const target = document.getElementById("previews");
  let waiting = null;
  let running = null;

  function typed() {
    const data = new FormData(form);
    for (const name of ["photo_file", "video_file", "captions_file"]) data.delete(name);
    return data;
  }

  function refresh() {
    if (running) running.abort();
    running = new AbortController();
    const data = typed();
    rows.forEach((row) => data.append("photo_pending", row.told));
    if (captionsInput.files.length) data.append("captions_pending", "1");
    if (chosen.has("video-0")) data.append("video_pending", chosen.get("video-0").told);
    fetch(form.dataset.previews, {
      method: "POST",
      body: data,
      credentials: "same-origin",
      redirect: "manual",
      signal: running.signal,
    })
      .then((answer) => (answer.ok ? answer.text() : null))
      .then((html) => {
        if (html !== null) show(html);
      })
      .catch((error) => {
        if (error.name !== "AbortError") trouble("offline");
      });
  }

  // What was opened stays open, and what is being typed inside a preview stays as it is.
  function show(html) {
    const active = target.contains(document.activeElement) ? document.activeElement : null;
    const open = [...target.querySelectorAll("details[open][id]")].map((edit) => edit.id);
    const typing = active && { id: active.id, value: active.value, at: active.selectionStart };
    target.innerHTML = html;
    for (const id of open) {
      const edit = document.getElementById(id);
      if (edit) edit.open = true;
    }
    showChosen();
    const again = typing && document.getElementById(typing.id);
    if (!again) return;
    again.focus();
    if (typing.value === undefined) return;
    again.value = typing.value;
    if (again.setSelectionRange && typing.at !== null) again.setSelectionRange(typing.at, typing.at);
  }

  function showChosen() {
    target.querySelectorAll("[data-chosen]").forEach((shown) => {
      const [kind, at] = shown.dataset.chosen.split("-");
      const found = kind === "photo" ? rows[Number(at)] : chosen.get("video-0");
      if (!found || !found.url) return;
      if (shown instanceof SVGElement) shown.setAttribute("href", found.url);
      else shown.src = found.url;
    });
  }

  function soon() {
    clearTimeout(waiting);
    waiting = setTimeout(refresh, 400);
  }
  const PREPARED = 4000; // milliseconds until it is asked again how far a copy is
  setInterval(() => {
    if (!document.hidden && target.querySelector("[data-moving]")) refresh();
  }, PREPARED);

  // --- nothing is lost -------------------------------------------------------------------------
  const EVERY = 3000; // milliseconds between a change and keeping it
  const notice = document.getElementById("compose-trouble");
  const kept = form.querySelector("[data-kept]");
  // Of this officer alone: the next one to sign in in this window is offered nothing.
  const lastResort = `composer:${form.dataset.officer}:${location.pathname}`;
  let unsaved = !!document.querySelector(".error-summary");
  let keeping = null;
  let isSaving = false;

  function trouble(what, action) {
    const words = what.replace(/-./g, (part) => part[1].toUpperCase());
    notice.querySelector("p").textContent = notice.dataset[words];
    notice.querySelectorAll("[data-for]").forEach((one) => {
      one.hidden = one.dataset.for !== what;
      if (!one.hidden && action) one.onclick = action;
    });
    notice.hidden = false;
    if (isSaving) notice.focus();
    keepHere();
  }
  const signedOut = () => trouble("signed-out");

  function keepHere() {
    try {
      const plain = new URLSearchParams(typed());
      plain.delete("csrfmiddlewaretoken");
      sessionStorage.setItem(lastResort, plain.toString());
    } catch (error) {
      if (error.name !== "QuotaExceededError" && error.name !== "SecurityError") throw error;
    }
  }
  function forget() {
    sessionStorage.removeItem(lastResort);
  }

  // Signing in again makes the page's token void: a fresh one comes with a fresh page.
  async function freshToken() {
    const answer = await fetch(form.getAttribute("action"), {
      credentials: "same-origin",
      redirect: "manual",
    });
    if (!answer.ok) return false;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const token = page.querySelector("form.compose [name=csrfmiddlewaretoken]");
    if (!token) return false;
    document.querySelectorAll("[name=csrfmiddlewaretoken]").forEach((one) => {
      one.value = token.value;
    });
    return true;
  }

  // "" when the server has it, else what stands in the way.
  async function keep(again = true) {
    let answer;
    try {
      answer = await fetch(form.dataset.autosave, {
        method: "POST",
        body: typed(),
        credentials: "same-origin",
        redirect: "manual",
      });
      if (answer.status === 403 && again && (await freshToken())) return keep(false);
    } catch (error) {
      return "offline";
    }
    if (answer.type === "opaqueredirect" || answer.status === 403) return "signed-out";
    if (answer.status === 413) return "too-large";
    if (!answer.ok) return "failed";
    kept.textContent = await answer.text();
    notice.hidden = true;
    forget();
    return "";
  }

  function keepSoon() {
    unsaved = true;
    clearTimeout(keeping);
    keeping = setTimeout(async () => {
      const wrong = await keep();
      if (wrong && !isSaving) trouble(wrong);
    }, EVERY);
  }

  form.addEventListener("input", (event) => {
    if (event.target.name === "library_q") return;
    soon();
    keepSoon();
  });
  form.addEventListener("change", (event) => {
    if (event.target.name === "library_q") return;
    soon();
    keepSoon();
  });

  window.addEventListener("pagehide", () => {
    if (!unsaved || isSaving) return;
    keepHere();
    navigator.sendBeacon(form.dataset.autosave, typed());
  });
  // Leaving with unsaved words is asked about, in the browser's own words.
  window.addEventListener("beforeunload", (event) => {
    if (unsaved && !isSaving) event.preventDefault();
  });
  window.addEventListener("focus", async () => {
    if (notice.hidden || notice.dataset.left === notice.querySelector("p").textContent) return;
    await keep();
  });

  // A save first sees that it will arrive; a double click sends once.
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (isSaving || bareDescription()) return;
    isSaving = true;
    clearTimeout(keeping);
    const wrong = await keep();
    if (wrong) {
      trouble(wrong);
      isSaving = false;
      return;
    }
    form.submit();
  });
  window.addEventListener("pageshow", (event) => {
    isSaving = false;
    if (event.persisted) return;
    offerLastResort();
  });

  // What this window kept by itself because the server could not be reached: offered once, by the
  // server's own box if it already has one for that page.
  async function offerLastResort() {
    const text = sessionStorage.getItem(lastResort);
    if (!text) return;
    if (document.querySelector(".error-summary")) return forget(); // the page itself has the words
    const data = new URLSearchParams(text);
    const key = data.get("form_key");
    if (await handOver(data)) {
      forget();
      if (document.querySelector(`.left-over[data-page="${CSS.escape(key)}"]`)) return;
      if (key === field("form_key").value) return;
    }
    document.querySelectorAll(".left-over").forEach((older) => older.remove());
    trouble("left", async () => {
      if (!(await handOver(data))) return;
      forget();
      unsaved = false;
      location.assign(`${location.pathname}?draft=${encodeURIComponent(key)}`);
    });
    sessionStorage.setItem(lastResort, text);
  }
  async function handOver(data) {
    data.set("csrfmiddlewaretoken", field("csrfmiddlewaretoken").value);
    try {
      const answer = await fetch(form.dataset.autosave, {
        method: "POST",
        body: data,
        credentials: "same-origin",
        redirect: "manual",
      });
      return answer.ok;
    } catch (error) {
      return false;
    }
  }
})();

// Sends a large file in pieces (tus 1.0.0) and goes on after a broken connection or a reload.
// Without script the form sends small files by itself.
(function () {
  "use strict";
  var PIECE = 5 * 1024 * 1024;
  var WAITS = [1, 2, 5, 10, 30]; // seconds
  var ASK_EVERY = 2000; // milliseconds, while a worker prepares the file

  watchList(document.getElementById("uploads"));
  document.addEventListener("click", onList);
  var form = document.querySelector("form[data-upload]");
  if (!form || !window.fetch || !window.Blob) return;
  var panel = form.querySelector("[data-upload-panel]");
  var bar = panel.querySelector("progress");
  var words = panel.querySelector("[role=status]");
  var field = form.querySelector("input[type=file]");
  var send = form.querySelector("button[type=submit]");
  var buttons = panel.querySelector(".buttons");
  var pause = buttons.querySelector("[data-pause]");
  var current = null; // {file, address, name, running request, isPreparing}
  var paused = null;

  form.addEventListener("submit", function (event) {
    if (!field.files[0]) return;
    event.preventDefault();
    start(field.files[0], null);
  });

  function start(file, address) {
    if (current || paused) return;
    var name = "upload:" + [file.name, file.size, file.lastModified, value("department")].join(":");
    current = { file: file, name: name, address: address || localStorage.getItem(name), tries: 0 };
    if (address) localStorage.setItem(name, address);
    panel.hidden = bar.hidden = buttons.hidden = pause.hidden = false;
    send.disabled = true;
    say(form.dataset.sending, 0);
    panel.scrollIntoView({ block: "nearest" });
    if (current.address) goOn(current);
    else begin(current);
  }

  pause.addEventListener("click", function () {
    if (paused) {
      current = paused;
      paused = null;
      pause.textContent = pause.dataset.words;
      if (current.address) goOn(current);
      else begin(current);
    } else if (current) {
      paused = current;
      current = null;
      if (paused.request) paused.request.abort();
      pause.textContent = pause.dataset.again;
      say(form.dataset.paused, bar.value);
    }
  });

  buttons.querySelector("[data-cancel]").addEventListener("click", function () {
    var job = current || paused;
    if (!job) return;
    stop(form.dataset.stopped);
    job.isCancelled = true;
    if (job.request) job.request.abort();
    if (job.address) discard(job.address);
    localStorage.removeItem(job.name);
  });

  window.addEventListener("beforeunload", function (event) {
    if (paused || (current && !current.isPreparing)) event.preventDefault();
  });

  // The list of what has begun: go on with the same file, or throw away what has arrived.
  function onList(event) {
    var target = event.target.closest("[data-go-on], [data-throw-away]");
    if (!target) return;
    if (target.dataset.throwAway) {
      target.disabled = true;
      discard(target.dataset.throwAway);
    } else if (form) {
      event.preventDefault();
      choose(target.dataset.goOn, Number(target.dataset.size));
    }
  }

  function choose(address, size) {
    var input = document.createElement("input");
    input.type = "file";
    input.addEventListener("change", function () {
      var file = input.files[0];
      if (!file) return;
      if (file.size === size) {
        start(file, address);
      } else if (!current && !paused) {
        panel.hidden = false;
        stop(form.dataset.other);
        panel.scrollIntoView({ block: "nearest" });
      }
    });
    input.click();
  }

  function discard(address) {
    ask("DELETE", address).catch(function () {}).then(readList);
  }

  function value(name) {
    var control = form.elements[name];
    return control ? control.value : "";
  }

  function metadata(file) {
    var names = ["department", "alt_hi", "alt_en", "rights", "rights_note", "consent_reference"];
    var said = names.map(function (name) {
      return [name, value(name)];
    });
    said.push(["kind", /^video\//.test(file.type) || /\.mkv$/i.test(file.name) ? "video" : "photo"]);
    return said
      .filter(function (pair) {
        return pair[1];
      })
      .map(function (pair) {
        return pair[0] + " " + base64(pair[1]);
      })
      .join(",");
  }

  function token() {
    return document.querySelector("input[name=csrfmiddlewaretoken]").value; // of any form
  }

  function base64(text) {
    return btoa(String.fromCharCode.apply(null, new TextEncoder().encode(text)));
  }

  function ask(method, address, headers) {
    return fetch(address, {
      method: method,
      credentials: "same-origin",
      headers: Object.assign({ "X-CSRFToken": token(), "Tus-Resumable": "1.0.0" }, headers),
    }).then(function (answer) {
      if (answer.redirected) throw new Error("signed-out");
      return answer;
    });
  }

  function begin(job) {
    var headers = { "Upload-Length": String(job.file.size), "Upload-Metadata": metadata(job.file) };
    ask("POST", form.dataset.upload, headers).then(function (answer) {
      if (answer.status === 201) {
        job.address = answer.headers.get("Location");
        if (job.isCancelled) return discard(job.address);
        localStorage.setItem(job.name, job.address);
        return piece(job, 0);
      }
      if (job !== current) return null;
      return answer.status === 422
        ? answer.text().then(stop)
        : stop(form.dataset.failed);
    }).catch(later(job, begin));
  }

  function goOn(job) {
    ask("HEAD", job.address).then(function (answer) {
      if (job !== current) return null;
      if (answer.status === 200) return piece(job, Number(answer.headers.get("Upload-Offset")));
      localStorage.removeItem(job.name); // swept meanwhile: from the beginning
      job.address = null;
      return begin(job);
    }).catch(later(job, goOn));
  }

  // XMLHttpRequest, for fetch does not tell how much of a piece has left.
  function piece(job, offset) {
    if (job !== current) return;
    if (offset >= job.file.size) {
      job.isPreparing = pause.hidden = true; // the page may be left from now on
      watch(job);
      return;
    }
    var request = new XMLHttpRequest();
    job.request = request;
    request.open("PATCH", job.address);
    request.setRequestHeader("X-CSRFToken", token());
    request.setRequestHeader("Tus-Resumable", "1.0.0");
    request.setRequestHeader("Upload-Offset", String(offset));
    request.setRequestHeader("Content-Type", "application/offset+octet-stream");
    request.upload.onprogress = function (event) {
      if (job === current) say(form.dataset.sending, ((offset + event.loaded) * 100) / job.file.size);
    };
    request.onload = function () {
      if (job !== current) return;
      if (request.status === 204) {
        job.tries = 0;
        piece(job, Number(request.getResponseHeader("Upload-Offset")));
      } else if (request.status === 409 || request.status >= 500) {
        later(job, goOn)(new Error("again"));
      } else {
        stop(request.responseURL.indexOf(job.address) < 0 ? form.dataset.signedOut : form.dataset.failed);
      }
    };
    request.onerror = function () {
      later(job, goOn)(new Error("cut"));
    };
    request.send(job.file.slice(offset, offset + PIECE));
  }

  function later(job, again) {
    return function (error) {
      if (job !== current) return;
      if (error.message === "signed-out") {
        stop(form.dataset.signedOut);
        return;
      }
      var seconds = WAITS[Math.min(job.tries, WAITS.length - 1)];
      job.tries += 1;
      words.textContent = form.dataset.waiting.replace("{seconds}", seconds);
      setTimeout(function () {
        if (job === current) again(job);
      }, seconds * 1000);
    };
  }

  function watch(job) {
    ask("GET", job.address).then(function (answer) {
      return answer.json();
    }).then(function (told) {
      if (job !== current) return;
      if (told.state === "ready") {
        localStorage.removeItem(job.name);
        done(told.address);
      } else if (told.state === "refused") {
        localStorage.removeItem(job.name);
        stop(told.problem);
      } else {
        say(form.dataset.preparing, told.progress);
        setTimeout(watch, ASK_EVERY, job);
      }
    }).catch(later(job, watch));
  }

  function say(text, share) {
    bar.value = share;
    var said = text.replace("{share}", String(Math.floor(share)));
    if (words.textContent !== said) words.textContent = said;
  }

  function stop(text) {
    current = paused = null;
    send.disabled = false;
    bar.hidden = buttons.hidden = true;
    pause.textContent = pause.dataset.words;
    words.textContent = text;
  }

  function done(address) {
    var link = document.createElement("a");
    link.href = address;
    link.textContent = form.dataset.doneLink;
    form.reset();
    stop(form.dataset.done);
    words.append(" ", link);
    readList();
  }

  // The library's list of what is on its way, asked for again while something moves.
  function watchList(list) {
    if (!list || !list.hasAttribute("data-moving")) return;
    setTimeout(readList, ASK_EVERY);
  }

  function readList() {
    var list = document.getElementById("uploads");
    fetch(list.dataset.uploads, { credentials: "same-origin" })
      .then(function (answer) {
        return answer.ok && !answer.redirected ? answer.text() : null;
      })
      .then(function (html) {
        if (html === null) return;
        var page = new DOMParser().parseFromString(html, "text/html");
        var fresh = page.getElementById("uploads");
        list.replaceWith(fresh);
        if (fresh.querySelector("li")) watchList(fresh);
        else if (!form) location.reload(); // the library shows what has become of it
      })
      .catch(function () {
        watchList(list);
      });
  }
})();

// Runs a service from its form and shows what comes back.

const module = (name) => import(document.querySelector(`script[data-module="${name}"]`).src);
const [{ paint }, { zip }, { snippet }] = await Promise.all(["mask", "zip", "snippets"].map(module));

const $ = (id) => document.getElementById(id);
const bench = $("playground");
const { path, method, base, sdk } = bench.dataset;
const POLL_MS = 800;
const LONG_TEXT = 300;
const ZOOM = 1.5;

// Files by the name of their field.
const chosen = new Map();
const fieldsets = [...document.querySelectorAll("fieldset.file")];
const primary = fieldsets.find((one) => !one.dataset.maskOf);
let running = null;
let results = [];
let language = "curl";
let zoom = 1;

/* Files */

const most = (fieldset) => Number(fieldset.dataset.most);
const isBatch = () => primary && most(primary) === 1 && filesOf(primary).length > 1;
const filesOf = (fieldset) => chosen.get(fieldset.dataset.file) ?? [];

function choose(fieldset, files) {
  const limit = fieldset === primary && most(fieldset) === 1 ? 200 : most(fieldset);
  const before = most(fieldset) > 1 ? filesOf(fieldset) : [];
  chosen.set(fieldset.dataset.file, [...before, ...files].slice(0, limit));
  if (fieldset === primary) for (const mask of masksOf(fieldset)) chosen.delete(mask.dataset.file);
  showFiles();
}

const masksOf = (fieldset) => fieldsets.filter((one) => one.dataset.maskOf === fieldset.dataset.file);

function showFiles() {
  for (const fieldset of fieldsets) {
    const thumbs = fieldset.querySelector(".thumbs");
    thumbs.replaceChildren(...filesOf(fieldset).map((file) => thumb(fieldset, file)));
    fieldset.classList.toggle("filled", filesOf(fieldset).length > 0);
    fieldset.querySelector(".problem")?.remove();
    const large = filesOf(fieldset).find((file) => file.size > Number(fieldset.dataset.maxBytes));
    if (large) fieldset.append(note(`${large.name} is larger than this field takes.`));
    const button = fieldset.querySelector("[data-paint]");
    if (button) button.disabled = filesOf(photoOf(fieldset)).length !== 1;
  }
  showSnippet();
}

const photoOf = (fieldset) => fieldsets.find((one) => one.dataset.file === fieldset.dataset.maskOf) ?? primary;

function note(text) {
  const line = document.createElement("p");
  line.className = "problem";
  line.textContent = text;
  return line;
}

function thumb(fieldset, file) {
  const item = document.createElement("span");
  item.className = "thumb";
  const video = file.type.startsWith("video/");
  const image = document.createElement(video ? "video" : "img");
  image.src = URL.createObjectURL(file);
  if (video) image.muted = true;
  else image.alt = file.name;
  const remove = document.createElement("button");
  remove.type = "button";
  remove.textContent = "×";
  remove.setAttribute("aria-label", `Remove ${file.name}`);
  remove.onclick = (event) => {
    event.preventDefault();
    chosen.set(fieldset.dataset.file, filesOf(fieldset).filter((other) => other !== file));
    showFiles();
  };
  item.append(image, remove);
  return item;
}

for (const fieldset of fieldsets) {
  const input = fieldset.querySelector("input[type=file]");
  input.addEventListener("change", () => {
    choose(fieldset, input.files);
    input.value = "";
  });
  const area = fieldset.querySelector(".drop");
  for (const kind of ["dragover", "dragleave", "drop"]) {
    area.addEventListener(kind, (event) => {
      event.preventDefault();
      area.classList.toggle("over", kind === "dragover");
      if (kind === "drop") choose(fieldset, event.dataTransfer.files);
    });
  }
  fieldset.querySelector("[data-paint]")?.addEventListener("click", async () => {
    const [photo] = filesOf(photoOf(fieldset));
    const mask = await paint(photo, filesOf(fieldset)[0]);
    if (mask) {
      chosen.set(fieldset.dataset.file, [mask]);
      showFiles();
    }
  });
}

document.addEventListener("paste", (event) => {
  const files = [...event.clipboardData.files];
  const target = document.activeElement.closest("fieldset.file") ?? primary;
  if (files.length && target) choose(target, files);
});

/* Values */

for (const range of document.querySelectorAll("[data-mirror]")) {
  const number = $(range.dataset.mirror);
  range.addEventListener("input", () => { number.value = range.value; showSnippet(); });
  number.addEventListener("input", () => { if (number.value) range.value = number.value; });
}

// The name and value of each parameter that is not at its default.
function values() {
  const found = [];
  for (const field of document.querySelectorAll("[data-field]")) {
    const name = field.dataset.field;
    const box = field.querySelector("input[type=checkbox]");
    const control = field.querySelector("input[type=radio]:checked, select, textarea, input[type=number], input[type=text]");
    const value = box ? (box.checked ? box.dataset.on : box.dataset.off) : control?.value ?? "";
    const usual = field.dataset.default || (box ? box.dataset.off : "");
    if (field.hasAttribute("data-required") ? value !== "" : value !== usual && value !== "") found.push([name, value]);
  }
  for (const input of document.querySelectorAll("[data-url]")) {
    if (input.value.trim()) found.push([`${input.dataset.url}_url`, input.value.trim()]);
  }
  return found;
}

function formFor(photo) {
  const form = new FormData();
  for (const [name, files] of chosen) {
    const own = photo && name === primary.dataset.file ? [photo] : files;
    for (const file of own) form.append(name, file, file.name);
  }
  for (const [name, value] of values()) form.append(name, value);
  return form;
}

/* Asking */

async function ask(target, form, signal, verb = method) {
  const get = verb === "GET";
  const query = get && form ? `?${new URLSearchParams([...form].filter(([, v]) => typeof v === "string"))}` : "";
  const response = await fetch(`/console${target}${query}`, {
    method: verb,
    body: get ? undefined : form,
    signal,
    headers: {
      "x-csrf-token": document.body.dataset.csrf,
      "x-console-application": $("application")?.value ?? bench.dataset.application ?? "",
    },
  });
  const answer = await response.json();
  const charged = Number(response.headers.get("x-safelight-charged") ?? 0);
  return { answer, charged, timing: response.headers.get("server-timing") ?? "" };
}

async function runOne(photo, run) {
  const first = await ask(path, formFor(run.isBatch && photo), run.abort.signal);
  const task = first.answer.task_id;
  if (first.answer.error_code !== 0 || !task) return first;
  run.task = task;
  const query = new FormData();
  query.append("task_id", task);
  for (;;) {
    const polled = await ask("/api/common/query-async-task-result", query, run.abort.signal, "GET");
    if (polled.answer.error_code !== 0 || polled.answer.task_status !== 1) {
      run.task = null;
      return { ...polled, timing: "" };
    }
    say(`Task ${task.slice(0, 8)} is at work, ${Math.round((performance.now() - run.started) / 1000)} s so far.`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function stop() {
  const run = running;
  if (!run) return;
  run.stopped = true;
  if (run.task) {
    const form = new FormData();
    form.append("task_id", run.task);
    await ask("/api/common/stop-async-task", form, undefined, "POST");
  } else {
    run.abort.abort();
  }
}

$("stop").addEventListener("click", stop);

$("application")?.addEventListener("change", ({ target }) => {
  $("price").textContent = target.selectedOptions[0].dataset.price;
});

$("inputs").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (running || !check()) return;
  const photos = isBatch() ? filesOf(primary) : [filesOf(primary ?? { dataset: {} })[0]];
  const run = { isBatch: isBatch(), abort: new AbortController(), started: performance.now(), task: null, stopped: false };
  running = run;
  results = [];
  begin(photos.length);
  try {
    for (const [at, photo] of photos.entries()) {
      if (run.stopped) break;
      if (photos.length > 1) say(`Photo ${at + 1} of ${photos.length}: ${photo.name}`);
      const outcome = await runOne(photo, run);
      results.push({ ...outcome, photo, pictures: pictures(outcome.answer) });
      if (photos.length > 1) showStrip();
    }
  } catch (error) {
    if (error.name !== "AbortError") fail({ code: "", message: `The server did not answer: ${error.message}` });
  }
  running = null;
  end(run);
});

function check() {
  for (const line of document.querySelectorAll(".missing")) line.remove();
  let first = null;
  const mark = (field, text) => {
    const line = note(text);
    line.classList.add("missing");
    field.append(line);
    first ??= field.querySelector("input, select, textarea");
  };
  for (const fieldset of fieldsets) {
    const url = fieldset.querySelector("[data-url]").value.trim();
    const count = filesOf(fieldset).length + (url ? 1 : 0);
    if (count < Number(fieldset.dataset.least)) mark(fieldset, "This is needed.");
  }
  for (const control of $("inputs").querySelectorAll("[data-field] :invalid")) {
    mark(control.closest("[data-field]"), control.validationMessage);
  }
  first?.focus();
  return !first;
}

/* Showing */

const say = (text) => { $("status").textContent = text; };

function begin(count) {
  say(count > 1 ? `${count} photos are at work.` : "At work.");
  for (const id of ["error", "stage", "pictures", "batch", "timings", "answer"]) $(id).hidden = true;
  $("progress").hidden = false;
  $("stop").hidden = false;
  $("run").disabled = true;
}

function end(run) {
  $("progress").hidden = true;
  $("stop").hidden = true;
  $("run").disabled = false;
  const seconds = ((performance.now() - run.started) / 1000).toFixed(1);
  if (!results.length) {
    if (run.stopped) say("Stopped. Work that had ended by then is charged; Usage tells.");
    return;
  }
  const done = results.filter((one) => one.answer.error_code === 0).length;
  const sum = Number(results.reduce((total, one) => total + one.charged, 0).toFixed(3));
  const charged = `${sum} ${sum === 1 ? "credit" : "credits"}`;
  if (results.length > 1) say(`${done} of ${results.length} photos done in ${seconds} s, ${charged}.`);
  else if (done) say(`Done in ${seconds} s, ${charged}.`);
  else say(`Refused after ${seconds} s. Nothing was charged.`);
  show(results.length - 1);
}

function show(index) {
  const { answer, timing, photo, pictures: found } = results[index];
  $("error").hidden = true;
  $("stage").hidden = $("pictures").hidden = true;
  $("json").textContent = JSON.stringify(answer, shorten, 2);
  $("answer").hidden = false;
  showTimings(timing);
  if (answer.error_code !== 0) {
    fail(answer.error_detail);
    return;
  }
  if (found.length) showPictures(photo, found);
  else $("answer").open = true;
}

const shorten = (_, value) =>
  typeof value === "string" && value.length > LONG_TEXT
    ? `${value.slice(0, 60)}… (${value.length} characters)`
    : value;

async function fail({ code, message }) {
  const area = $("error");
  area.replaceChildren();
  const title = document.createElement("h2");
  title.textContent = code || "No answer";
  const text = document.createElement("p");
  text.textContent = message;
  area.append(title, text);
  area.hidden = false;
  if (!code) return;
  const advice = await fetch(`/console/remedy/${encodeURIComponent(code)}`);
  if (!advice.ok) return;
  const more = document.createElement("div");
  more.innerHTML = await advice.text(); // the server's own page, which has no text of others
  area.append(more);
}

// Every picture in an answer: URLs of result files, and Base64.
function pictures(value, name = "result", found = []) {
  if (typeof value === "string") {
    const file = value.match(/\/results\/[\w./-]+$/);
    if (file) found.push({ url: file[0], name: `${name}${file[0].match(/\.\w+$/)?.[0] ?? ""}` });
    else if (value.length > LONG_TEXT && /^[A-Za-z0-9+/\s]+=*$/.test(value)) decoded(value, name, found);
  } else if (Array.isArray(value)) {
    value.forEach((item, at) => pictures(item, `${name}-${at + 1}`, found));
  } else if (value && typeof value === "object") {
    for (const [key, item] of Object.entries(value)) pictures(item, key, found);
  }
  return found;
}

const KINDS = [["iVBOR", "image/png", "png"], ["/9j/", "image/jpeg", "jpg"], ["UklGR", "image/webp", "webp"], ["R0lGO", "image/gif", "gif"], ["AAAA", "video/mp4", "mp4"]];

function decoded(text, name, found) {
  const kind = KINDS.find(([magic]) => text.startsWith(magic));
  if (!kind) return;
  const bytes = Uint8Array.from(atob(text.replace(/\s/g, "")), (letter) => letter.charCodeAt(0));
  found.push({ url: URL.createObjectURL(new Blob([bytes], { type: kind[1] })), name: `${name}.${kind[2]}` });
}

const isVideo = ({ name }) => /\.(mp4|webm)$/.test(name);

async function showPictures(photo, found) {
  const images = found.filter((one) => !isVideo(one));
  const rest = found.slice(images.length ? 1 : 0);
  if (images.length) await showStage(photo, images[0]);
  $("pictures").replaceChildren(...rest.map(figure));
  $("pictures").hidden = rest.length === 0;
}

function figure(one) {
  const item = document.createElement("figure");
  const shown = document.createElement(isVideo(one) ? "video" : "img");
  shown.src = one.url;
  if (isVideo(one)) Object.assign(shown, { controls: true, loop: true, muted: true });
  else shown.alt = one.name;
  const link = document.createElement("a");
  Object.assign(link, { href: one.url, download: one.name, textContent: one.name });
  const caption = document.createElement("figcaption");
  caption.append(link);
  item.append(shown, caption);
  return item;
}

async function showStage(photo, picture) {
  const [before, after] = [$("before"), $("after")];
  after.src = picture.url;
  $("download").href = picture.url;
  $("download").download = picture.name;
  $("stage").hidden = false;
  await after.decode().catch(() => {});
  $("size").textContent = `${after.naturalWidth}×${after.naturalHeight}`;
  let same = false;
  if (photo?.type.startsWith("image/")) {
    before.src = URL.createObjectURL(photo);
    await before.decode().catch(() => {});
    const ratio = (image) => image.naturalWidth / image.naturalHeight;
    same = Math.abs(ratio(before) / ratio(after) - 1) < 0.02;
  }
  $("compare").classList.toggle("single", !same);
  $("compare").style.setProperty("--ratio", `${after.naturalWidth} / ${after.naturalHeight}`);
  split();
  setZoom(1);
}

const split = () => $("compare").style.setProperty("--split", `${$("divider").value}%`);
$("divider").addEventListener("input", split);

function setZoom(value) {
  zoom = Math.min(Math.max(value, 1), 8);
  $("compare").style.setProperty("--zoom", zoom);
}

for (const button of document.querySelectorAll("[data-zoom]")) {
  button.addEventListener("click", () => {
    setZoom({ in: zoom * ZOOM, out: zoom / ZOOM, fit: 1 }[button.dataset.zoom]);
  });
}

function showTimings(timing) {
  const stages = [...timing.matchAll(/([\w-]+);dur=([\d.]+)/g)].map(([, name, took]) => [name, Number(took)]);
  const total = stages.find(([name]) => name === "total")?.[1] ?? 0;
  const rows = stages.map(([name, took]) => {
    const row = document.createElement("div");
    const meter = document.createElement("meter");
    Object.assign(meter, { min: 0, max: total || 1, value: took });
    const [label, number] = [name, `${took.toFixed(1)} ms`].map((text) => {
      const cell = document.createElement("span");
      cell.textContent = text;
      return cell;
    });
    row.append(label, meter, number);
    return row;
  });
  $("stages").replaceChildren(...rows);
  $("timings").hidden = rows.length === 0;
}

function showStrip() {
  $("batch").hidden = false;
  $("strip").replaceChildren(...results.map(({ photo, answer, pictures: found }, index) => {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.onclick = () => show(index);
    if (found[0] && !isVideo(found[0])) {
      const image = document.createElement("img");
      Object.assign(image, { src: found[0].url, alt: "" });
      button.append(image);
    }
    const label = document.createElement("span");
    label.textContent = answer.error_code === 0 ? photo.name : `${photo.name}: ${answer.error_detail.code}`;
    button.append(label);
    item.append(button);
    return item;
  }));
}

$("zip").addEventListener("click", async () => {
  const files = [];
  for (const { photo, pictures: found } of results) {
    const stem = photo.name.replace(/\.[^.]*$/, "");
    for (const [at, one] of found.entries()) {
      const blob = await (await fetch(one.url)).blob();
      files.push({ name: `${stem}${at ? `-${at + 1}` : ""}${one.name.match(/\.\w+$/)?.[0] ?? ""}`, blob });
    }
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await zip(files));
  link.download = `${path.split("/").pop()}.zip`;
  link.click();
});

/* Snippets */

function showSnippet() {
  const files = [...chosen].flatMap(([name, list]) => list.slice(0, isBatch() ? 1 : undefined).map((file) => [name, file.name]));
  const named = new Set([...files.map(([name]) => name)]);
  for (const fieldset of fieldsets) {
    const { file, least } = fieldset.dataset;
    const url = fieldset.querySelector("[data-url]").value.trim();
    if (!named.has(file) && Number(least) > 0 && !url) files.push([file, `${file}.png`]);
  }
  $("snippet").textContent = snippet(language, { url: `${base}${path}`, method, fields: values(), files, base, sdk });
}

const tabs = [...document.querySelectorAll("[data-language]")];

function select(tab) {
  for (const other of tabs) {
    other.setAttribute("aria-selected", String(other === tab));
    other.tabIndex = other === tab ? 0 : -1;
  }
  language = tab.dataset.language;
  $("snippet-panel").setAttribute("aria-labelledby", tab.id);
  showSnippet();
}

for (const [at, tab] of tabs.entries()) {
  tab.addEventListener("click", () => select(tab));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = tabs[(at + step + tabs.length) % tabs.length];
    next.focus();
    select(next);
  });
}

$("inputs").addEventListener("input", showSnippet);
$("snippets").hidden = false;
showFiles();
bench.dataset.ready = "";

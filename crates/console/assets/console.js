// What every page uses: copying, filtering lists, filters that apply at once, and the focus after a
// part of a page was replaced.

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const text = document.getElementById(button.dataset.copy).textContent;
  await navigator.clipboard.writeText(text);
  const label = button.textContent;
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = label; }, 1500);
});

document.addEventListener("input", (event) => {
  if (event.target.dataset.filter) filter(event.target);
});

document.addEventListener("submit", (event) => {
  if (event.target.matches("form.search")) event.preventDefault();
});

document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-auto]");
  if (form) form.requestSubmit();
});

document.addEventListener("htmx:after:swap", () => {
  reveal();
  const notice = document.querySelector("#notice .notice");
  if (notice && !notice.dataset.seen) {
    notice.dataset.seen = "";
    notice.tabIndex = -1;
    notice.focus();
  }
});

// Shows the rows that have every word of the field.
function filter(input) {
  const list = document.getElementById(input.dataset.filter);
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const row of list.querySelectorAll("[data-words]")) {
    const text = row.dataset.words.toLowerCase();
    row.hidden = !words.every((word) => text.includes(word));
    shown += row.hidden ? 0 : 1;
  }
  for (const group of list.querySelectorAll(".group")) {
    group.hidden = !group.querySelector("[data-words]:not([hidden])");
  }
  document.getElementById("none").hidden = shown > 0;
}

// Buttons that need a script stand hidden in the page.
function reveal() {
  for (const button of document.querySelectorAll("[data-copy][hidden]")) {
    button.hidden = !navigator.clipboard;
  }
}

reveal();
for (const input of document.querySelectorAll("[data-filter]")) if (input.value) filter(input);

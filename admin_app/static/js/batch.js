// Selection of rows: the head box, shift ranges, the count in the batch bar, clearing. Listens on the document, so it survives list swaps.
let last = null;
const boxes = () => [...document.querySelectorAll(".row-check")];

function refresh() {
  const all = boxes();
  const chosen = all.filter((box) => box.checked).length;
  const head = document.querySelector("[data-batch-all]");
  if (head) {
    head.checked = chosen > 0 && chosen === all.length;
    head.indeterminate = chosen > 0 && chosen < all.length;
  }
  for (const place of document.querySelectorAll("[data-batch-count]")) place.textContent = String(chosen);
  for (const bar of document.querySelectorAll("[data-batch]")) bar.hidden = chosen === 0;
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-batch-all]")) for (const box of boxes()) box.checked = event.target.checked;
  if (event.target.matches("[data-batch-all], .row-check")) refresh();
});

document.addEventListener("click", (event) => {
  if (event.target.matches(".row-check")) {
    const all = boxes();
    if (event.shiftKey && last && all.includes(last)) {
      const [from, to] = [all.indexOf(last), all.indexOf(event.target)].sort((a, b) => a - b);
      for (const box of all.slice(from, to + 1)) box.checked = event.target.checked;
      refresh();
    }
    last = event.target;
  }
  if (event.target.closest("[data-batch-clear]")) {
    for (const box of boxes()) box.checked = false;
    refresh();
  }
});

document.addEventListener("htmx:after:swap", refresh);
window.addEventListener("pageshow", refresh);
refresh();

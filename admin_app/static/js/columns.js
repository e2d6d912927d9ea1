// Column chooser: order by dragging, or by Alt with the arrow keys on a box.
let dragged = null;

function prepare() {
  // The chooser stands inside the filter form, which asks for the list again at every change.
  for (const list of document.querySelectorAll("[data-columns]")) {
    list.addEventListener("change", (event) => event.stopPropagation());
  }
  for (const item of document.querySelectorAll("[data-columns] li")) item.draggable = true;
}

document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.("[data-columns] li") ?? null;
  dragged?.classList.add("is-dragged");
});

document.addEventListener("dragover", (event) => {
  const over = event.target.closest?.("[data-columns] li");
  if (!dragged || !over || over === dragged) return;
  event.preventDefault();
  const box = over.getBoundingClientRect();
  over[event.clientY > box.top + box.height / 2 ? "after" : "before"](dragged);
});

document.addEventListener("dragend", () => {
  dragged?.classList.remove("is-dragged");
  dragged = null;
});

document.addEventListener("keydown", (event) => {
  const item = event.altKey && event.target.closest("[data-columns] li");
  if (!item) return;
  if (event.key === "ArrowUp" && item.previousElementSibling) item.previousElementSibling.before(item);
  else if (event.key === "ArrowDown" && item.nextElementSibling) item.nextElementSibling.after(item);
  else return;
  event.preventDefault();
  event.target.focus();
});

document.addEventListener("htmx:after:swap", prepare);
prepare();

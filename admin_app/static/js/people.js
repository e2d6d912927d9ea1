// Choosing colleagues: a search above the list leaves those whose name, reading or post holds every word typed.
function start(root) {
  for (const search of root.querySelectorAll("[data-people-search][hidden]")) search.hidden = false;
}

document.addEventListener("input", (event) => {
  const search = event.target.closest?.("[data-people-search]");
  const box = search?.closest("[data-people]");
  if (!box) return;
  const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const one of box.querySelectorAll("[data-words]")) {
    const isMeant = words.every((word) => one.dataset.words.includes(word) || one.dataset.words.replaceAll(" ", "").includes(word));
    one.hidden = !isMeant && !one.querySelector("input").checked;
    shown += one.hidden ? 0 : 1;
  }
  box.querySelector("[data-people-none]").hidden = shown > 0;
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.closest?.("[data-people-search]")) event.preventDefault();
});
document.addEventListener("page:shown", (event) => start(event.target));
start(document);

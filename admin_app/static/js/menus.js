// Pop-up menus made of <details class="pop">, Ctrl+K, suggestion keys, notices that close.
const popups = () => document.querySelectorAll("details.pop[open]");

document.addEventListener("click", (event) => {
  for (const popup of popups()) if (!popup.contains(event.target)) popup.open = false;
  if (!event.target.closest(".top-search")) document.getElementById("suggestions")?.replaceChildren();
  const dismiss = event.target.closest("[data-dismiss]");
  const notice = dismiss?.closest(".alert");
  if (notice) notice.hidden = true;
  if (event.target.closest("[data-refused]")) event.preventDefault();
});

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    const search = document.getElementById("global-search");
    if (!search) return;
    event.preventDefault();
    search.focus();
    search.select();
  }
  if (event.key === "Escape") {
    for (const popup of popups()) {
      popup.open = false;
      popup.querySelector("summary").focus();
    }
    document.getElementById("suggestions")?.replaceChildren();
    if (location.hash === "#side") location.hash = "main";
  }
  if (event.key === "ArrowDown" || event.key === "ArrowUp") moveWithin(event);
});

function moveWithin(event) {
  const list = event.target.closest(".top-search, .pop-body");
  if (!list || event.target.matches("select, textarea, input[type=date], input[type=number]")) return;
  const stops = [...list.querySelectorAll("#global-search, a.menu-item, button.menu-item")];
  const next = stops[stops.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1)];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

document.querySelector("[data-focus]")?.focus();

// Tabs wider than the phone open where the current one is.
for (const tab of document.querySelectorAll(".nav-tabs > [aria-current]")) {
  const bar = tab.parentElement;
  const [outer, inner] = [bar.getBoundingClientRect(), tab.getBoundingClientRect()];
  bar.scrollLeft += inner.left - outer.left - (outer.width - inner.width) / 2;
}

// Opening the filters of a list on a phone asks the server nothing: the list's form must not hear of it.
document.addEventListener("change", (event) => {
  if (event.target.matches?.(".show-filters")) event.stopPropagation();
}, true);

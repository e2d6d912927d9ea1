// Drop zones: the browser's own file field does the work; this shows the chosen names and the hover.
// A file that the server would refuse for its size (data-most-bytes) is told before it is sent.
function weigh(input) {
  const isTooBig = [...input.files].some((file) => file.size > Number(input.dataset.mostBytes ?? Infinity));
  input.setCustomValidity(isTooBig ? input.dataset.tooBig : "");
  if (isTooBig) input.reportValidity();
}

function name(input) {
  const zone = input.closest("[data-drop]");
  const place = zone?.querySelector("[data-drop-name]");
  if (!place) return;
  place.dataset.empty ??= place.textContent;
  place.textContent = input.files.length ? [...input.files].map((file) => file.name).join("、") : place.dataset.empty;
}

document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-drop] input[type=file]")) return;
  name(event.target);
  weigh(event.target);
});
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.target.closest?.("[data-drop]")?.classList.toggle("is-over", kind === "dragover");
  });
}

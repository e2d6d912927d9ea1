// A list of children to tick: how many are ticked, all at once, and another class by its own address.
function count(box) {
  const shown = box.querySelector("[data-tick-count]") ?? document.querySelector("[data-tick-count]");
  const ticked = box.querySelectorAll("input[name=child]:checked").length;
  shown.textContent = String(ticked);
  const { tickLeast, tickMost } = shown.dataset;
  if (tickMost) shown.closest(".note").classList.toggle("is-warn", ticked < Number(tickLeast) || ticked > Number(tickMost));
}

document.addEventListener("change", (event) => {
  const box = event.target.closest("[data-ticks]");
  if (!box) return;
  if (event.target.matches("[data-go-class]")) {
    const address = new URL(location.href);
    address.searchParams.set("class", event.target.value);
    location.assign(address);
    return;
  }
  count(box);
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-tick-all]");
  if (!button) return;
  const box = button.closest("[data-ticks]");
  const all = [...box.querySelectorAll("input[name=child]")];
  const isOn = all.some((one) => !one.checked);
  for (const one of all) one.checked = isOn;
  all[0]?.dispatchEvent(new Event("input", { bubbles: true }));
  count(box);
});

// Resident id-number (GB 11643): full-width digits and lower-case x are mended, the check digit is shown right or wrong,
// sex and birth date go into the fields named by data-sex-field and data-birth-field. The server decides; this only helps.
const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECK = "10X98765432";

const mend = (text) => text.replace(/[０-９]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xFEE0)).replace(/[xｘＸ]/g, "X").replace(/\s/g, "");
const isSound = (id) => CHECK[WEIGHTS.reduce((sum, weight, i) => sum + weight * Number(id[i]), 0) % 11] === id[17];

function fill(name, value, form) {
  const target = name && form?.elements[name];
  if (!target || !value) return;
  target.value = value;
  const one = target instanceof RadioNodeList ? target[0] : target;
  one.dispatchEvent(new Event("change", { bubbles: true }));
}

function check(input) {
  const id = mend(input.value);
  if (id !== input.value) input.value = id;
  const state = document.getElementById(`${input.id}-state`);
  const isWhole = /^\d{17}[\dX]$/.test(id);
  const ok = isWhole && isSound(id);
  if (state) {
    state.textContent = isWhole ? (ok ? input.dataset.okText ?? "✓" : input.dataset.badText ?? "✗") : "";
    state.className = `field-state ${ok ? "is-ok" : "is-bad"}`;
  }
  if (!ok) return;
  const isMale = Number(id[16]) % 2 === 1;
  fill(input.dataset.sexField, isMale ? input.dataset.male ?? "male" : input.dataset.female ?? "female", input.form);
  fill(input.dataset.birthField, `${id.slice(6, 10)}-${id.slice(10, 12)}-${id.slice(12, 14)}`, input.form);
}

document.addEventListener("input", (event) => {
  if (event.target.matches("input[data-id-number]") && !event.isComposing) check(event.target);
});

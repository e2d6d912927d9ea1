// Repeated rows of a form: adds a blank row, removes one, and keeps their numbers in order for the reader.
(() => {
  const number = (list) => {
    [...list.children].forEach((entry, at) => { entry.querySelector(".rows-number").textContent = at + 1; });
  };
  const numbered = (part, number) => {
    part.querySelectorAll("*").forEach((element) => {
      [...element.attributes].filter((one) => one.value.includes("__n__")).forEach((one) => {
        element.setAttribute(one.name, one.value.replaceAll("__n__", String(number)));
      });
    });
    return part;
  };
  const start = (rows) => {
    const list = rows.querySelector("[data-rows-list]");
    const blank = rows.querySelector("template[data-rows-blank]");
    const add = rows.querySelector("[data-rows-add]");
    let next = list.children.length;
    const isEmpty = (entry) => [...entry.querySelectorAll("input, select, textarea")]
      .every((asked) => (["radio", "checkbox"].includes(asked.type) ? !asked.checked : !asked.value));
    if (next > 1 && isEmpty(list.lastElementChild)) list.lastElementChild.remove(); // here a button adds it when wanted
    const refresh = () => {
      number(list);
      add.hidden = list.children.length >= Number(rows.dataset.rowsMost);
      list.querySelectorAll("[data-rows-remove]").forEach((button) => { button.hidden = list.children.length < 2; });
    };
    add.addEventListener("click", () => {
      list.append(numbered(blank.content.cloneNode(true), next));
      next += 1;
      refresh();
      rows.dispatchEvent(new Event("rows:changed", { bubbles: true }));
      list.lastElementChild.querySelector("input, select, textarea")?.focus();
    });
    list.addEventListener("click", (event) => {
      const button = event.target.closest("[data-rows-remove]");
      if (!button) return;
      button.closest("[data-rows-entry]").remove();
      refresh();
      rows.dispatchEvent(new Event("input", { bubbles: true }));
      rows.dispatchEvent(new Event("rows:changed", { bubbles: true }));
    });
    refresh();
  };
  document.querySelectorAll("[data-rows]").forEach(start);
})();

// Repeated rows of a form: adds a blank row, removes one, and keeps their numbers in order for the reader.
(() => {
  const number = (list) => {
    [...list.children].forEach((entry, at) => { entry.querySelector(".rows-number").textContent = at + 1; });
  };
  const start = (rows) => {
    const list = rows.querySelector("[data-rows-list]");
    const blank = rows.querySelector("template[data-rows-blank]");
    const add = rows.querySelector("[data-rows-add]");
    let next = list.children.length;
    const refresh = () => {
      number(list);
      add.hidden = list.children.length >= Number(rows.dataset.rowsMost);
      list.querySelectorAll("[data-rows-remove]").forEach((button) => { button.hidden = list.children.length < 2; });
    };
    add.addEventListener("click", () => {
      const holder = document.createElement("template");
      holder.innerHTML = blank.innerHTML.replaceAll("__n__", String(next));
      next += 1;
      list.append(holder.content);
      refresh();
      list.lastElementChild.querySelector("input, select, textarea")?.focus();
    });
    list.addEventListener("click", (event) => {
      const button = event.target.closest("[data-rows-remove]");
      if (!button) return;
      button.closest("[data-rows-entry]").remove();
      refresh();
      rows.dispatchEvent(new Event("input", { bubbles: true }));
    });
    refresh();
  };
  document.querySelectorAll("[data-rows]").forEach(start);
})();

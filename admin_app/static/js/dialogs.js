// Dialogs: data-dialog opens one on the page, data-modal fetches a page's #modal-content into the shared one, data-close closes.
const modal = document.getElementById("modal");
const modalBody = document.getElementById("modal-body");
let opener = null;

async function openPage(url) {
  const answer = await fetch(url, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const content = page.getElementById("modal-content");
  if (!answer.ok || !content) {
    location.assign(url);
    return;
  }
  modal.setAttribute("aria-label", content.dataset.title || document.title);
  modalBody.replaceChildren(document.adoptNode(content));
  window.htmx?.process(modalBody);
  modal.showModal();
  modalBody.dispatchEvent(new CustomEvent("page:shown", { bubbles: true }));
}

document.addEventListener("click", (event) => {
  const trigger = event.target.closest("[data-dialog]");
  if (trigger) {
    event.preventDefault();
    document.getElementById(trigger.dataset.dialog)?.showModal();
    return;
  }
  const link = event.target.closest("a[data-modal]");
  const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.button);
  if (link && modal && plain) {
    event.preventDefault();
    opener = link;
    openPage(link.href).catch(() => location.assign(link.href));
    return;
  }
  const close = event.target.closest("[data-close]");
  const dialog = close?.closest("dialog");
  if (dialog) {
    event.preventDefault();
    dialog.close();
  }
});

// Links that are buttons to the eye are pressed with the space bar like buttons.
document.addEventListener("keydown", (event) => {
  if (event.key !== " " || !event.target.matches?.("a[role=button]")) return;
  event.preventDefault();
  event.target.click();
});

modal?.addEventListener("close", () => {
  modalBody.replaceChildren();
  opener?.focus();
});

// Typing is never lost: form[data-draft-url] is posted three seconds after the last change and when the page, or the
// dialog that holds it, is left;
// form[data-watch] warns before leaving with unsaved changes.
const IDLE_MS = 3000;

function stamp(form) {
  const data = new FormData(form);
  for (const [name, value] of [...data]) if (value instanceof File) data.delete(name);
  if (!data.has("csrf_token")) data.append("csrf_token", document.body.dataset.csrf);
  return data;
}

function say(text, isBad = false) {
  for (const place of document.querySelectorAll("[data-draft-state]")) {
    place.textContent = text;
    place.classList.toggle("is-bad", isBad);
  }
}

const clock = () => new Date().toTimeString().slice(0, 5);

function watch(form) {
  let changed = false;
  let sent = true;
  let leaving = false;
  let timer = 0;

  async function save() {
    if (sent || !form.dataset.draftUrl) return;
    sent = true;
    try {
      const answer = await fetch(form.dataset.draftUrl, { method: "POST", body: stamp(form), credentials: "same-origin" });
      if (!answer.ok) throw new Error(String(answer.status));
      if (sent) say(`${form.dataset.savedText ?? ""} ${clock()}`);
    } catch {
      sent = false;
      say(form.dataset.failedText ?? "", true);
    }
  }

  form.addEventListener("input", () => {
    changed = true;
    sent = false;
    say(form.dataset.unsavedText ?? "");
    clearTimeout(timer);
    timer = setTimeout(save, IDLE_MS);
  });
  form.addEventListener("submit", () => { leaving = true; clearTimeout(timer); });
  form.addEventListener("draft:save", save);
  form.closest("dialog")?.addEventListener("close", () => { clearTimeout(timer); if (!leaving) save(); }, { once: true });
  window.addEventListener("pageshow", () => { leaving = false; });
  window.addEventListener("beforeunload", (event) => {
    if (leaving || !changed) return;
    if (form.dataset.draftUrl) {
      if (!sent) sent = navigator.sendBeacon(form.dataset.draftUrl, stamp(form));
      if (sent) return;
    }
    event.preventDefault();
  });
}

const watchAll = (place) => { for (const form of place.querySelectorAll("form[data-draft-url], form[data-watch]")) watch(form); };
watchAll(document);
document.addEventListener("page:shown", (event) => watchAll(event.target));

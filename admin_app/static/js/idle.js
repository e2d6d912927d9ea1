// Five minutes before the session ends: save open forms as drafts and ask whether to stay.
const WARN_MINUTES = 5;
const dialog = document.getElementById("idle");

if (dialog) {
  let timer = 0;
  const arm = () => {
    clearTimeout(timer);
    const minutes = Math.max(Number(dialog.dataset.idleMinutes) - WARN_MINUTES, 0);
    timer = setTimeout(warn, minutes * 60000);
  };
  const warn = () => {
    for (const form of document.querySelectorAll("form[data-draft-url]")) form.dispatchEvent(new Event("draft:save"));
    if (!dialog.open) dialog.showModal();
  };
  dialog.querySelector("[data-idle-stay]").addEventListener("click", async () => {
    const body = new URLSearchParams({ csrf_token: document.body.dataset.csrf });
    const answer = await fetch(dialog.dataset.idleUrl, { method: "POST", body, credentials: "same-origin" });
    if (answer.redirected || !answer.ok) {
      location.reload();
      return;
    }
    dialog.close();
    arm();
  });
  document.addEventListener("htmx:after:request", arm);
  arm();
}

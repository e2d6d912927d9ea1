// Says when the network is gone and when a background request was refused; sends the CSRF token with htmx posts.
const banner = document.querySelector("[data-net-error]");
const words = document.querySelector("[data-net-text]");

function show(kind) {
  if (!banner || !words) return;
  words.textContent = words.dataset[kind];
  banner.hidden = false;
}

function mark() {
  for (const pill of document.querySelectorAll("[data-offline]")) pill.hidden = navigator.onLine;
}

document.addEventListener("htmx:config:request", (event) => {
  const request = event.detail.ctx.request;
  if (request.method.toUpperCase() !== "GET") request.headers["X-CSRFToken"] = document.body.dataset.csrf;
});
document.addEventListener("htmx:response:error", (event) => {
  if (event.detail.ctx?.response?.status === 401) location.reload();
  else show("refusedText");
});
document.addEventListener("htmx:error", () => show("offlineText"));
window.addEventListener("online", mark);
window.addEventListener("offline", mark);
mark();

// The count in the menu: asked for at most once a minute, told at once by the page that lists what is counted, asked anew after every post.
const KEPT = "inbox-count";
const MINUTE = 60_000;

function show(text) {
  for (const place of document.querySelectorAll("[data-count]")) {
    place.textContent = text;
    place.hidden = text === "";
  }
}

function keep(text) {
  sessionStorage.setItem(KEPT, JSON.stringify({ text, at: Date.now() }));
  show(text);
}

async function refresh() {
  const place = document.querySelector("[data-count]");
  if (!place) return;
  const told = document.querySelector("[data-count-now]");
  if (told) return keep(told.dataset.countNow);
  const kept = JSON.parse(sessionStorage.getItem(KEPT) || "null");
  if (kept) show(kept.text);
  if (kept && Date.now() - kept.at < MINUTE) return;
  const answer = await fetch(place.dataset.count, { headers: { Accept: "application/json" } }).catch(() => null);
  if (answer?.ok && answer.headers.get("Content-Type")?.includes("json")) keep((await answer.json()).count);
}

document.addEventListener("submit", (event) => {
  if (event.target.method === "post") sessionStorage.removeItem(KEPT);
});
document.addEventListener("htmx:after:swap", refresh);
refresh();

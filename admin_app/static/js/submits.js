// One press, one request: the pressed button rests after the first submit and wakes when the page is shown again.
const resting = new Set();

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  resting.add(form);
  // The button must still be enabled while the browser collects its name and value.
  setTimeout(() => {
    for (const button of form.elements) {
      if (button.type !== "submit") continue;
      button.disabled = true;
      if (button === event.submitter) button.classList.add("is-busy");
    }
  });
});

function wake() {
  for (const form of resting) {
    delete form.dataset.sent;
    for (const button of form.elements) {
      if (button.type !== "submit") continue;
      button.disabled = false;
      button.classList.remove("is-busy");
    }
  }
  resting.clear();
}

window.addEventListener("pageshow", wake);
document.addEventListener("htmx:finally:request", wake);

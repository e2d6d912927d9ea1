// A pad to sign on with finger, pen or mouse. What was drawn goes as a picture into a hidden field of the form; without
// scripts, or by choice, a photo of a signature is sent instead.
const THICK = 7;

class Pad {
  constructor(box) {
    this.box = box;
    this.field = box.querySelector("[data-sign-drawn]");
    this.canvas = box.querySelector("[data-sign-canvas]");
    this.pen = this.canvas.getContext("2d");
    Object.assign(this.pen, { lineCap: "round", lineJoin: "round", lineWidth: THICK, strokeStyle: "#17262b" });
    this.drawing = null;
    for (const [kind, act] of [["pointerdown", "begin"], ["pointermove", "go"], ["pointerup", "end"], ["pointercancel", "end"]]) {
      this.canvas.addEventListener(kind, (event) => this[act](event));
    }
    box.querySelector("[data-sign-clear]").addEventListener("click", () => this.clear());
    box.querySelector("[data-sign-switch]").addEventListener("click", () => this.turn());
    box.closest("form").addEventListener("submit", (event) => this.check(event));
    this.show(true);
    box.querySelector("[data-sign-switch]").hidden = false;
    if (this.field.value) this.restore();
  }

  get isDrawn() {
    return !this.box.querySelector("[data-sign-pad]").hidden;
  }

  show(drawn) {
    this.box.querySelector("[data-sign-pad]").hidden = !drawn;
    this.box.querySelector("[data-sign-file]").hidden = drawn;
  }

  turn() {
    const button = this.box.querySelector("[data-sign-switch]");
    this.clear();
    this.box.querySelector("input[type=file]").value = "";
    this.show(!this.isDrawn);
    [button.textContent, button.dataset.other] = [button.dataset.other, button.textContent];
  }

  async restore() {
    const bytes = Uint8Array.from(atob(this.field.value.split(",")[1]), (one) => one.charCodeAt(0));
    const picture = await createImageBitmap(new Blob([bytes]));
    this.pen.drawImage(picture, 0, 0, this.canvas.width, this.canvas.height);
    this.box.querySelector("[data-sign-kept]")?.remove();
  }

  at(event) {
    const frame = this.canvas.getBoundingClientRect();
    return [(event.clientX - frame.left) * this.canvas.width / frame.width, (event.clientY - frame.top) * this.canvas.height / frame.height];
  }

  begin(event) {
    if (event.button) return;
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    this.canvas.classList.remove("is-bad");
    this.drawing = event.pointerId;
    this.pen.beginPath();
    this.pen.moveTo(...this.at(event));
    this.pen.lineTo(...this.at(event));
    this.pen.stroke();
  }

  go(event) {
    if (this.drawing !== event.pointerId) return;
    event.preventDefault();
    this.pen.lineTo(...this.at(event));
    this.pen.stroke();
  }

  end(event) {
    if (this.drawing !== event.pointerId) return;
    this.drawing = null;
    this.field.value = this.canvas.toDataURL("image/png");
  }

  clear() {
    this.pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.field.value = "";
  }

  check(event) {
    if (!this.isDrawn || this.field.value) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.canvas.classList.add("is-bad");
    this.canvas.focus();
  }
}

function start(root) {
  for (const box of root.querySelectorAll("[data-sign]:not([data-ready])")) {
    box.dataset.ready = "1";
    new Pad(box);
  }
}

document.addEventListener("page:shown", (event) => start(event.target));
start(document);

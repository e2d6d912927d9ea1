// Photos of a record: shown before they are sent, made smaller on the phone so that a slow line suffices, taken away one by one.
// The server turns, shrinks and cleans them all the same.
const LONGEST = 1600;
const QUALITY = 0.85;

async function shrink(file) {
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(picture.width * scale));
    canvas.height = Math.max(1, Math.round(picture.height * scale));
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
    const small = blob && blob.size < file.size ? new File([blob], file.name, { type: "image/jpeg" }) : file;
    return { file: small, canvas };
  } catch {
    return { file, canvas: null };
  }
}

function keep(box, input, chosen) {
  const transfer = new DataTransfer();
  for (const one of chosen) transfer.items.add(one.file);
  input.files = transfer.files;
  const row = box.querySelector("[data-photo-row]");
  row.replaceChildren(...chosen.map((one, place) => figure(row, one, () => {
    chosen.splice(place, 1);
    keep(box, input, chosen);
  })));
}

function figure(row, one, remove) {
  const frame = document.createElement("figure");
  frame.className = "photo";
  if (one.canvas) {
    one.canvas.setAttribute("role", "img");
    one.canvas.setAttribute("aria-label", `${row.dataset.nameText} ${one.file.name}`);
    frame.append(one.canvas);
  } else {
    const name = document.createElement("span");
    name.textContent = one.file.name;
    frame.append(name);
  }
  const button = document.createElement("button");
  button.type = "button";
  button.className = "photo-remove";
  button.setAttribute("aria-label", row.dataset.removeText);
  button.textContent = "×";
  button.addEventListener("click", remove);
  frame.append(button);
  return frame;
}

for (const box of document.querySelectorAll("[data-photos]")) {
  const input = box.querySelector("input[type=file]");
  const chosen = [];
  input.addEventListener("change", async () => {
    const added = [...input.files].slice(0, Number(box.dataset.mostFiles) - chosen.length);
    for (const file of added) chosen.push(await shrink(file));
    keep(box, input, chosen);
    const isTooBig = chosen.some((one) => one.file.size > Number(input.dataset.mostBytes));
    input.setCustomValidity(isTooBig ? input.dataset.tooBig : "");
    if (isTooBig) input.reportValidity();
  });
}

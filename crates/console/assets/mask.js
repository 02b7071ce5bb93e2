// Painting a mask on a photo: white where it was painted, black elsewhere, as large as the photo.

const HTML = `
<form method="dialog" class="painter">
  <h2>Paint the mask</h2>
  <p class="help" id="painter-help">White is what the service changes. With the keyboard: arrows move, Space paints, + and − change the brush.</p>
  <div class="toolbar" role="group" aria-label="Tools">
    <button type="button" data-tool="paint" aria-pressed="true">Paint</button>
    <button type="button" data-tool="erase" aria-pressed="false">Erase</button>
    <label>Brush <input type="range" min="2" max="40" value="10" step="1"></label>
    <button type="button" data-do="undo">Undo</button>
    <button type="button" data-do="invert">Invert</button>
    <button type="button" data-do="clear">Clear</button>
  </div>
  <div class="canvas"><canvas tabindex="0" role="application" aria-label="Photo to paint on" aria-describedby="painter-help"></canvas></div>
  <div class="run"><button class="primary" value="done">Use the mask</button><button value="cancel">Cancel</button></div>
</form>`;
const UNDO = 20;
const TINT = [255, 80, 30, 150];

// Answers a PNG file, or null where it was cancelled. `photo` is a file, `before` a mask to go on with.
export async function paint(photo, before) {
  const image = await createImageBitmap(photo);
  const dialog = document.createElement("dialog");
  dialog.innerHTML = HTML;
  document.body.append(dialog);
  const painter = new Painter(dialog, image);
  if (before) await painter.load(before);
  dialog.showModal();
  painter.show();
  await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  const file = dialog.returnValue === "done" ? await painter.file() : null;
  dialog.remove();
  image.close();
  return file;
}

class Painter {
  constructor(dialog, image) {
    this.image = image;
    this.canvas = dialog.querySelector("canvas");
    this.canvas.width = image.width;
    this.canvas.height = image.height;
    this.view = this.canvas.getContext("2d");
    this.mask = new OffscreenCanvas(image.width, image.height);
    this.strokes = this.mask.getContext("2d", { willReadFrequently: true });
    this.history = [];
    this.erases = false;
    this.at = { x: image.width / 2, y: image.height / 2 };
    const range = dialog.querySelector("input[type=range]");
    this.size = () => (Number(range.value) / 100) * Math.min(image.width, image.height);
    dialog.addEventListener("click", (event) => this.press(event.target, dialog));
    this.canvas.addEventListener("pointerdown", (event) => this.down(event));
    this.canvas.addEventListener("pointermove", (event) => this.move(event));
    this.canvas.addEventListener("keydown", (event) => this.key(event, range));
  }

  async load(file) {
    const image = await createImageBitmap(file);
    if (image.width === this.mask.width && image.height === this.mask.height) {
      this.strokes.drawImage(image, 0, 0);
      this.keepAlpha();
    }
    image.close();
  }

  // What is white becomes opaque, what is black transparent.
  keepAlpha() {
    const pixels = this.strokes.getImageData(0, 0, this.mask.width, this.mask.height);
    for (let at = 0; at < pixels.data.length; at += 4) pixels.data[at + 3] = pixels.data[at];
    this.strokes.putImageData(pixels, 0, 0);
  }

  press(target, dialog) {
    const { tool, do: action } = target.dataset;
    if (tool) {
      this.erases = tool === "erase";
      for (const button of dialog.querySelectorAll("[data-tool]")) {
        button.setAttribute("aria-pressed", String(button.dataset.tool === tool));
      }
    }
    if (action === "undo") this.undo();
    if (action === "clear") { this.remember(); this.strokes.clearRect(0, 0, this.mask.width, this.mask.height); }
    if (action === "invert") { this.remember(); this.invert(); }
    this.show();
  }

  remember() {
    this.history.push(this.strokes.getImageData(0, 0, this.mask.width, this.mask.height));
    if (this.history.length > UNDO) this.history.shift();
  }

  undo() {
    const before = this.history.pop();
    if (before) this.strokes.putImageData(before, 0, 0);
  }

  invert() {
    this.strokes.globalCompositeOperation = "xor";
    this.strokes.fillStyle = "#fff";
    this.strokes.fillRect(0, 0, this.mask.width, this.mask.height);
    this.strokes.globalCompositeOperation = "source-over";
  }

  point(event) {
    const box = this.canvas.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) / box.width) * this.mask.width,
      y: ((event.clientY - box.top) / box.height) * this.mask.height,
    };
  }

  down(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.remember();
    this.at = this.point(event);
    this.stroke(this.at, this.at);
    event.preventDefault();
  }

  move(event) {
    const to = this.point(event);
    if (event.buttons & 1) this.stroke(this.at, to);
    this.at = to;
    this.show();
  }

  stroke(from, to) {
    const line = this.strokes;
    line.globalCompositeOperation = this.erases ? "destination-out" : "source-over";
    line.strokeStyle = "#fff";
    line.lineCap = "round";
    line.lineWidth = this.size();
    line.beginPath();
    line.moveTo(from.x, from.y);
    line.lineTo(to.x + 0.01, to.y);
    line.stroke();
    line.globalCompositeOperation = "source-over";
    this.show();
  }

  key(event, range) {
    const step = this.size() / 2;
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    const move = moves[event.key];
    if (move) {
      this.at = {
        x: Math.min(Math.max(this.at.x + move[0], 0), this.mask.width),
        y: Math.min(Math.max(this.at.y + move[1], 0), this.mask.height),
      };
    } else if (event.key === " ") {
      this.remember();
      this.stroke(this.at, this.at);
    } else if (event.key === "+" || event.key === "-") {
      range.value = Number(range.value) + (event.key === "+" ? 2 : -2);
    } else {
      return;
    }
    event.preventDefault();
    this.show();
  }

  show() {
    const { view, mask } = this;
    view.globalCompositeOperation = "source-over";
    view.clearRect(0, 0, mask.width, mask.height);
    view.drawImage(mask, 0, 0);
    view.globalCompositeOperation = "source-in";
    view.fillStyle = `rgb(${TINT[0]} ${TINT[1]} ${TINT[2]} / ${TINT[3] / 255})`;
    view.fillRect(0, 0, mask.width, mask.height);
    view.globalCompositeOperation = "destination-over";
    view.drawImage(this.image, 0, 0);
    view.globalCompositeOperation = "source-over";
    view.strokeStyle = "#fff";
    view.lineWidth = Math.max(1, mask.width / 400);
    view.beginPath();
    view.arc(this.at.x, this.at.y, this.size() / 2, 0, 2 * Math.PI);
    view.stroke();
  }

  async file() {
    const result = new OffscreenCanvas(this.mask.width, this.mask.height);
    const drawn = result.getContext("2d");
    drawn.fillStyle = "#000";
    drawn.fillRect(0, 0, result.width, result.height);
    drawn.drawImage(this.mask, 0, 0);
    return new File([await result.convertToBlob({ type: "image/png" })], "mask.png", { type: "image/png" });
  }
}

export type Colour = readonly [red: number, green: number, blue: number];

/** A filled ellipse with a soft edge. Lengths are fractions of the canvas width; `y` starts at the top. */
export interface Ellipse {
  readonly x: number;
  readonly y: number;
  readonly rx: number;
  readonly ry: number;
  readonly colour: Colour;
  readonly alpha?: number;
  /** Keeps only what lies below (positive) or above (negative) this share of the height, -1…1 of the ellipse. */
  readonly below?: number;
  readonly above?: number;
  /** Width of the edge in fractions of the canvas width, on top of the canvas's own softness. */
  readonly soft?: number;
}

const headerBytes = 122;

/** A picture in memory as a 32-bit BMP, which `Bun.Image` reads without a decoder of its own. */
export class Canvas {
  readonly width: number;
  readonly height: number;
  readonly #file: Uint8Array;
  readonly #pixels: Uint8Array;
  readonly #softness: number;

  /** `softness`: width of every edge, as a fraction of the width; the picture looks out of focus when large. */
  constructor(width: number, height: number, softness: number) {
    this.width = width;
    this.height = height;
    this.#softness = softness;
    this.#file = new Uint8Array(headerBytes + width * height * 4);
    this.#pixels = this.#file.subarray(headerBytes);
    writeHeader(new DataView(this.#file.buffer), width, height);
  }

  gradient(top: Colour, bottom: Colour): void {
    const row = new Uint8Array(this.width * 4).fill(255);
    for (let y = 0; y < this.height; y++) {
      const share = y / this.height;
      for (let channel = 0; channel < 3; channel++) row[channel] = mix(top[channel]!, bottom[channel]!, share);
      row.copyWithin(4, 0, 4);
      for (let filled = 4; filled < row.length; filled *= 2) row.copyWithin(filled, 0, Math.min(filled, row.length - filled));
      this.#pixels.set(row, y * row.length);
    }
  }

  ellipse(shape: Ellipse): void {
    const { width, height } = this;
    const soft = Math.max(1.2, (this.#softness + (shape.soft ?? 0)) * width);
    const centreX = shape.x * width, centreY = shape.y * width;
    const radiusX = shape.rx * width, radiusY = shape.ry * width;
    const sharpness = Math.min(radiusX, radiusY) / soft;
    const reach = 1 + 0.5 / sharpness;
    const firstRow = Math.max(0, Math.floor(centreY + Math.max(-reach, shape.below ?? -reach) * radiusY));
    const lastRow = Math.min(height - 1, Math.ceil(centreY + Math.min(reach, shape.above ?? reach) * radiusY));
    const firstColumn = Math.max(0, Math.floor(centreX - reach * radiusX));
    const lastColumn = Math.min(width - 1, Math.ceil(centreX + reach * radiusX));
    const alpha = shape.alpha ?? 1;
    const [red, green, blue] = shape.colour;
    const pixels = this.#pixels;
    for (let y = firstRow; y <= lastRow; y++) {
      const dy = (y - centreY) / radiusY;
      for (let x = firstColumn; x <= lastColumn; x++) {
        const dx = (x - centreX) / radiusX;
        const cover = (1 - Math.sqrt(dx * dx + dy * dy)) * sharpness + 0.5;
        if (cover <= 0) continue;
        const share = cover >= 1 ? alpha : cover * alpha;
        const at = (y * width + x) * 4;
        pixels[at] = pixels[at]! + (red - pixels[at]!) * share;
        pixels[at + 1] = pixels[at + 1]! + (green - pixels[at + 1]!) * share;
        pixels[at + 2] = pixels[at + 2]! + (blue - pixels[at + 2]!) * share;
      }
    }
  }

  /** A filled rectangle in pixels, with sharp edges. What lies outside of the canvas is left out. */
  rectangle({ x, y, width, height, colour, alpha }: { x: number; y: number; width: number; height: number; colour: Colour; alpha: number }): void {
    const pixels = this.#pixels;
    for (let row = Math.max(0, y); row < Math.min(this.height, y + height); row++) {
      for (let column = Math.max(0, x); column < Math.min(this.width, x + width); column++) {
        const at = (row * this.width + column) * 4;
        for (let channel = 0; channel < 3; channel++) pixels[at + channel] = mix(pixels[at + channel]!, colour[channel]!, alpha);
      }
    }
  }

  /** Mixes coloured noise over everything; `amount` 0…1. The same seed gives the same noise. */
  noise(amount: number, seed: number): void {
    if (amount <= 0) return;
    const pixels = this.#pixels;
    let state = (seed | 0) || 1;
    for (let at = 0; at < pixels.length; at += 4) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      pixels[at] = pixels[at]! + ((state & 255) - pixels[at]!) * amount;
      pixels[at + 1] = pixels[at + 1]! + (((state >>> 8) & 255) - pixels[at + 1]!) * amount;
      pixels[at + 2] = pixels[at + 2]! + (((state >>> 16) & 255) - pixels[at + 2]!) * amount;
    }
  }

  async encode(format: "jpeg" | "png", size: { width: number; height: number }): Promise<Uint8Array> {
    let image = new Bun.Image(this.#file);
    if (size.width !== this.width || size.height !== this.height) {
      image = image.resize(size.width, size.height, { filter: "bilinear" });
    }
    return format === "jpeg" ? await image.jpeg({ quality: 88 }).bytes() : await image.png({ compressionLevel: 3 }).bytes();
  }
}

export function mix(from: number, to: number, share: number): number {
  return from + (to - from) * share;
}

/** BITMAPV4HEADER with channel masks in the order red, green, blue, alpha; rows from the top. */
function writeHeader(view: DataView, width: number, height: number): void {
  view.setUint16(0, 0x424d);
  view.setUint32(2, view.byteLength, true);
  view.setUint32(10, headerBytes, true);
  view.setUint32(14, 108, true);
  view.setInt32(18, width, true);
  view.setInt32(22, -height, true);
  view.setUint16(26, 1, true);
  view.setUint16(28, 32, true);
  view.setUint32(30, 3, true);
  view.setUint32(34, width * height * 4, true);
  view.setUint32(54, 0x000000ff, true);
  view.setUint32(58, 0x0000ff00, true);
  view.setUint32(62, 0x00ff0000, true);
  view.setUint32(66, 0xff000000, true);
}

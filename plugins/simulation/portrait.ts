import { Canvas, type Colour, mix } from "./canvas.ts";
import { blend, blendFaces, type Face, faceOf, sequence, withLooks } from "./face.ts";
import type { Looks } from "./looks.ts";
import { paintScene, type Scene, sceneOf } from "./scene.ts";
import { drawWatermark } from "./watermark.ts";

export interface PortraitOptions {
  readonly width: number;
  readonly height: number;
  readonly seed: number;
  readonly prompt: string;
  /** 0 is noise, 1 is a clear picture. */
  readonly clarity: number;
  /** Trigger word or LoRA that decides the face; null draws whoever the seed gives. */
  readonly identity: string | null;
  /** What photos of the identity have told; its face then has these colours. */
  readonly looks?: Looks | null;
  /** Says on the picture that it is simulated. Left out only where a drawing stands in for a photo. */
  readonly watermark?: boolean;
  /** How far the face follows the identity; 1 when absent. */
  readonly strength?: number;
  readonly format: "jpeg" | "png";
}

/** Longer sides are drawn at this size and enlarged, so that a picture costs the same at any size. */
const drawnSide = 768;

/**
 * Draws a simple portrait that stands in for what a model would make: equal options give equal pictures; prompt, seed,
 * identity, strength and clarity each change it visibly.
 */
export async function drawPortrait(options: PortraitOptions): Promise<Uint8Array> {
  const scale = Math.min(1, drawnSide / Math.max(options.width, options.height));
  const width = Math.max(8, Math.round(options.width * scale));
  const height = Math.max(8, Math.round(options.height * scale));
  const clarity = Math.min(1, Math.max(0, options.clarity));
  const blur = 0.09 * (1 - clarity) ** 1.5;
  const canvas = new Canvas(width, height, blur);
  const scene = sceneOf(options.prompt, options.seed);
  paintScene(canvas, scene, options.seed);
  paintPerson(canvas, faceFor(options), poseOf(options, height / width), clothesFor(options, scene));
  canvas.noise(0.015 + 0.92 * (1 - clarity) ** 1.3, Number(Bun.hash.xxHash32(`${options.seed} ${options.prompt}`)));
  if (options.watermark === true) drawWatermark(canvas);
  return await canvas.encode(options.format, { width: options.width, height: options.height });
}

function faceFor(options: PortraitOptions): Face {
  const anybody = faceOf(`seed ${options.seed}`);
  if (options.identity === null) return anybody;
  const own = faceOf(`identity ${options.identity}`);
  const person = blendFaces(anybody, options.looks ? withLooks(own, options.looks) : own, strengthOf(options));
  const mood = sequence(`mood ${options.seed} ${options.prompt}`);
  return { ...person, smile: mix(person.smile, mood(), 0.6) };
}

/** Clothes that the prompt asks for win over those of the photos. */
function clothesFor(options: PortraitOptions, scene: Scene): Colour {
  if (!options.looks || options.identity === null || scene.areClothesAsked) return scene.clothes;
  return blend(scene.clothes, options.looks.clothes, strengthOf(options));
}

function strengthOf({ strength = 1 }: PortraitOptions): number {
  return Math.min(1, Math.abs(strength));
}

/** Where the head is (fractions of the picture's width) and how large; `look` shifts the pupils. */
interface Pose { readonly x: number; readonly y: number; readonly head: number; readonly look: number }

function poseOf(options: PortraitOptions, aspect: number): Pose {
  const next = sequence(`pose ${options.seed} ${options.prompt}`);
  const words = options.prompt.toLowerCase();
  const zoom = /close[- ]?up|headshot/.test(words) ? 1.3 : /full body|wide|walking|standing/.test(words) ? 0.7 : 1;
  const head = Math.min(0.2, 0.2 * aspect) * zoom * mix(0.92, 1.08, next());
  return { x: mix(0.42, 0.58, next()), y: aspect * mix(0.38, 0.44, next()), head, look: next() - 0.5 };
}

function paintPerson(canvas: Canvas, face: Face, pose: Pose, clothes: Colour): void {
  const { x, y, head } = pose;
  const tall = face.headHeight * head;
  const shade = blend(face.skin, [90, 50, 40], 0.25);
  const hairHeight = tall * face.hairVolume * mix(1, 1.35, face.hairLength);
  canvas.ellipse({ x, y: y + (hairHeight - tall) * 0.7, rx: head * face.hairVolume, ry: hairHeight, colour: face.hair });
  const body = Math.max(tall * 1.35, canvas.height / canvas.width - y - tall * 0.9);
  canvas.ellipse({ x, y: y + tall * 0.9 + body, rx: head * 2.1, ry: body, colour: clothes });
  canvas.ellipse({ x, y: y + tall * 0.98, rx: head * 0.46, ry: tall * 0.5, colour: shade });
  canvas.ellipse({ x, y: y + tall * 1.28, rx: head * 0.56, ry: tall * 0.2, colour: shade });
  for (const side of [-1, 1]) {
    canvas.ellipse({ x: x + side * head * 0.98, y: y + tall * 0.05, rx: head * 0.13, ry: head * 0.22, colour: shade });
  }
  canvas.ellipse({ x, y, rx: head, ry: tall, colour: face.skin, above: 0.35 });
  canvas.ellipse({ x, y: y + tall * 0.12, rx: head * mix(0.9, 1, face.jaw), ry: tall * 0.88, colour: face.skin });
  if (face.beard > 0.05) paintBeard(canvas, face, pose, tall);
  for (const side of [-1, 1]) paintSide(canvas, face, pose, tall, side);
  canvas.ellipse({ x, y: y + tall * 0.22, rx: head * face.nose, ry: tall * 0.16, colour: shade, alpha: 0.45, soft: 0.012 });
  canvas.ellipse({ x, y: y + tall * 0.34, rx: head * face.nose * 1.4, ry: head * 0.05, colour: shade, alpha: 0.7, soft: 0.004 });
  paintMouth(canvas, face, pose, tall);
  paintFringe(canvas, face, pose, tall);
}

function paintSide(canvas: Canvas, face: Face, pose: Pose, tall: number, side: number): void {
  const { head, look } = pose;
  const x = pose.x + side * head * face.eyeDistance, y = pose.y - tall * 0.02;
  const size = head * face.eyeSize * 1.35;
  const gaze = x + look * size * 0.5;
  const cheek = { x: pose.x + side * head * 0.58, y: pose.y + tall * 0.3, rx: head * 0.22, ry: head * 0.16 };
  canvas.ellipse({ ...cheek, colour: face.lips, alpha: 0.22, soft: 0.02 });
  canvas.ellipse({ x, y, rx: size * 1.12, ry: size * 0.72, colour: blend(face.skin, [70, 40, 36], 0.45) });
  canvas.ellipse({ x, y: y + size * 0.06, rx: size, ry: size * 0.58, colour: [248, 246, 242] });
  canvas.ellipse({ x: gaze, y: y + size * 0.04, rx: size * 0.5, ry: size * 0.54, colour: face.iris });
  canvas.ellipse({ x: gaze, y: y + size * 0.04, rx: size * 0.24, ry: size * 0.26, colour: [18, 16, 18] });
  canvas.ellipse({ x: gaze + size * 0.16, y: y - size * 0.14, rx: size * 0.1, ry: size * 0.1, colour: [255, 255, 255] });
  canvas.ellipse({ x, y: y - size * 1.25, rx: size * 1.3, ry: head * face.brow * 1.6, colour: blend(face.hair, [40, 30, 28], 0.3) });
  if (face.glasses > 0.3) {
    canvas.ellipse({ x, y, rx: size * 1.9, ry: size * 1.6, colour: [36, 38, 46], alpha: 0.3 * face.glasses });
    canvas.ellipse({ x, y, rx: size * 1.7, ry: size * 1.4, colour: [214, 226, 238], alpha: 0.14 * face.glasses });
  }
}

function paintMouth(canvas: Canvas, face: Face, pose: Pose, tall: number): void {
  const y = pose.y + tall * 0.52, rx = pose.head * face.mouth;
  const open = pose.head * mix(0.05, 0.15, face.smile);
  canvas.ellipse({ x: pose.x, y, rx, ry: open, colour: face.lips, below: mix(-1, -0.15, face.smile) });
  if (face.smile > 0.5) canvas.ellipse({ x: pose.x, y, rx: rx * 0.8, ry: open * 0.6, colour: [250, 246, 240], below: -0.1 });
  const chin = { x: pose.x, y: y + open * 1.9, rx: rx * 0.6, ry: pose.head * 0.025 };
  canvas.ellipse({ ...chin, colour: blend(face.skin, [90, 50, 40], 0.3), alpha: 0.5, soft: 0.006 });
}

function paintBeard(canvas: Canvas, face: Face, pose: Pose, tall: number): void {
  canvas.ellipse({ x: pose.x, y: pose.y + tall * 0.6, rx: pose.head * 0.7, ry: tall * 0.42, colour: face.hair, alpha: face.beard, soft: 0.03 });
}

function paintFringe(canvas: Canvas, face: Face, pose: Pose, tall: number): void {
  const { x, y, head } = pose;
  canvas.ellipse({ x, y: y - tall * 0.1, rx: head * 1.04, ry: tall * 0.98, colour: face.hair, above: -face.fringe });
  const part = face.eyeDistance > 0.45 ? 0.4 : -0.4;
  canvas.ellipse({ x: x + head * part, y: y - tall * 0.62, rx: head * 0.62, ry: tall * 0.26, colour: face.hair });
  const shine = { x: x + head * part * 0.6, y: y - tall * 0.8, rx: head * 0.3, ry: tall * 0.08 };
  canvas.ellipse({ ...shine, colour: blend(face.hair, [255, 255, 255], 0.3), alpha: 0.4, soft: 0.02 });
}

// Draws the tray icons (one shape per state, told apart without colour) and the application icon, as PNG. Run it after a change:
//   node scripts/make-icons.mjs
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encode } from 'fast-png';

const project = dirname(dirname(fileURLToPath(import.meta.url)));
const samplesPerAxis = 4;

/** Every shape says whether the point (x, y) is inside; the icon is the square from -1 to 1, y down. */
export const shapes = {
  ring: (x, y) => {
    const radius = Math.hypot(x, y);
    return radius < 0.86 && radius > 0.56;
  },
  dots: (x, y) => [-0.62, 0, 0.62].some((center) => Math.hypot(x - center, y) < 0.24),
  flame,
  bars: (x, y) => Math.abs(y) < 0.78 && Math.abs(x) > 0.18 && Math.abs(x) < 0.58,
  triangle: (x, y) => {
    const inside = y > -0.84 && y < 0.74 && Math.abs(x) < ((y + 0.84) / 1.58) * 0.92;
    const mark = Math.abs(x) < 0.1 && ((y > -0.3 && y < 0.26) || (y > 0.4 && y < 0.58));
    return inside && !mark;
  },
  check: (x, y) => nearSegment(x, y, -0.72, 0.06, -0.22, 0.56) || nearSegment(x, y, -0.22, 0.56, 0.74, -0.52),
};

function flame(x, y) {
  // A drop: a circle below, narrowing to a tip above that leans, with a smaller drop cut out.
  return drop(x, y, 0.82) && !drop(x, y - 0.34, 0.36);
}

function drop(x, y, size) {
  const v = y / size;
  if (v < -1.12 || v > 1) return false;
  const lean = 0.18 * Math.max(0, -v) ** 2;
  const halfWidth =
    v > 0.25
      ? Math.sqrt(Math.max(0, 0.5625 - (v - 0.25) ** 2))
      : 0.75 * Math.sin((Math.PI / 2) * ((v + 1.12) / 1.37)) ** 1.5;
  return Math.abs(x / size - lean) < halfWidth;
}

function nearSegment(x, y, x0, y0, x1, y1) {
  const along = Math.min(
    1,
    Math.max(0, ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / ((x1 - x0) ** 2 + (y1 - y0) ** 2)),
  );
  return Math.hypot(x - x0 - along * (x1 - x0), y - y0 - along * (y1 - y0)) < 0.17;
}

/** Colour of a pixel from its samples: `paint(x, y)` gives [r, g, b, a] with a in 0..1, averaged with alpha. */
function draw(size, paint) {
  const data = new Uint8Array(size * size * 4);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const sum = [0, 0, 0, 0];
      for (let sample = 0; sample < samplesPerAxis ** 2; sample++) {
        const x = ((column + ((sample % samplesPerAxis) + 0.5) / samplesPerAxis) / size) * 2 - 1;
        const y = ((row + (Math.floor(sample / samplesPerAxis) + 0.5) / samplesPerAxis) / size) * 2 - 1;
        const [red, green, blue, alpha] = paint(x, y);
        sum[0] += red * alpha;
        sum[1] += green * alpha;
        sum[2] += blue * alpha;
        sum[3] += alpha;
      }
      const at = (row * size + column) * 4;
      for (let channel = 0; channel < 3; channel++)
        data[at + channel] = sum[3] === 0 ? 0 : Math.round(sum[channel] / sum[3]);
      data[at + 3] = Math.round((sum[3] / samplesPerAxis ** 2) * 255);
    }
  }
  return { width: size, height: size, data, channels: 4, depth: 8 };
}

const rimOffsets = Array.from({ length: 8 }, (_, step) => {
  const angle = (step * Math.PI) / 4;
  return [0.14 * Math.cos(angle), 0.14 * Math.sin(angle)];
});

/** Light on dark panels and dark on light ones: an ember filled shape with a dark rim reads on both. */
function trayPaint(shape) {
  return (x, y) => {
    if (shape(x * 1.12, y * 1.12)) return [255, 138, 61, 1];
    const rim = rimOffsets.some(([dx, dy]) => shape((x + dx) * 1.12, (y + dy) * 1.12));
    return rim ? [38, 28, 22, 0.9] : [0, 0, 0, 0];
  };
}

/** macOS template images: black with alpha; the system paints them. */
function templatePaint(shape) {
  return (x, y) => (shape(x * 1.1, y * 1.1) ? [0, 0, 0, 1] : [0, 0, 0, 0]);
}

function applicationPaint(x, y) {
  const corner = Math.hypot(Math.max(0, Math.abs(x) - 0.56), Math.max(0, Math.abs(y) - 0.56));
  if (corner > 0.36) return [0, 0, 0, 0];
  if (!shapes.flame(x * 1.45, y * 1.45 + 0.02)) return [38, 28, 22, 1];
  const heat = Math.min(1, Math.max(0, (y + 0.6) / 1.2));
  return [255, Math.round(190 - 90 * heat), Math.round(90 - 50 * heat), 1];
}

/** Path below the project -> image. */
export function drawAllIcons() {
  const icons = new Map();
  for (const [name, shape] of Object.entries(shapes)) {
    icons.set(`assets/tray/tray-${name}.png`, draw(24, trayPaint(shape)));
    icons.set(`assets/tray/tray-${name}@2x.png`, draw(48, trayPaint(shape)));
    icons.set(`assets/tray/tray-${name}Template.png`, draw(18, templatePaint(shape)));
    icons.set(`assets/tray/tray-${name}Template@2x.png`, draw(36, templatePaint(shape)));
  }
  icons.set('build/icon.png', draw(512, applicationPaint));
  return icons;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, image] of drawAllIcons()) {
    const file = join(project, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, encode(image));
    console.log(path);
  }
}

// Renders docs/images/materials: a picture of each material extension, and the page that shows them. Scenes are generated.
//   node scripts/make-gallery.ts [--adapter software] [--only KHR_materials_sheen]
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeGlb } from './embedded-scene/glb-writer.ts';
import { galleryPictures, gallerySceneOf } from './gallery/gallery-scenes.ts';

const { values } = parseArgs({
  options: { adapter: { type: 'string', default: 'software' }, only: { type: 'string' } },
});
const root = fileURLToPath(new URL('..', import.meta.url));
const images = join(root, 'docs', 'images', 'materials');
const directory = mkdtempSync(join(tmpdir(), 'hearth-gallery-'));
mkdirSync(images, { recursive: true });
try {
  for (const picture of galleryPictures) {
    if (values.only !== undefined && values.only !== picture.extension) continue;
    const scene = join(directory, `${picture.extension}.glb`);
    writeFileSync(scene, writeGlb(gallerySceneOf(picture)));
    const place = ['--scene', scene, '--out', join(images, `${picture.extension}.png`)];
    const look = ['--size', '264x104', '--samples', '64', '--seed', '1', '--tone', 'aces', '--denoise'];
    const command = ['hearth', 'render', ...place, ...look, '--adapter', values.adapter, '--data-dir', directory];
    const { status } = spawnSync('npx', command, { cwd: root, stdio: 'inherit' });
    if (status !== 0) throw new Error(`hearth render ended with ${status} on ${picture.extension}`);
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}

const rows = galleryPictures.map(
  ({ extension, caption }) => `| \`${extension}\` | ![${caption}](images/materials/${extension}.png) | ${caption} |`,
);
writeFileSync(
  join(root, 'docs', 'materials.md'),
  `# Materials

What the renderer makes of each extension of glTF's materials: 264 x 104 pixels, 64 samples a pixel, smoothed, by \`hearth render\` on a
software adapter. Written by \`scripts/make-gallery.ts\`, which generates the scenes.

| extension | picture | from left to right |
|---|---|---|
${rows.join('\n')}
`,
);

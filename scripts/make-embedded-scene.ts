// Writes assets/hearth-room.glb, the scene that ships with the program. Run: node scripts/make-embedded-scene.ts
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { writeGlb } from './embedded-scene/glb-writer.ts';
import { hearthRoom } from './embedded-scene/hearth-room.ts';

/** The bytes of the embedded scene; the committed file must equal them. */
export function makeEmbeddedScene(): Uint8Array<ArrayBuffer> {
  return writeGlb(hearthRoom);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const bytes = makeEmbeddedScene();
  writeFileSync(new URL('../assets/hearth-room.glb', import.meta.url), bytes);
  console.log(`assets/hearth-room.glb: ${bytes.byteLength} bytes`);
}

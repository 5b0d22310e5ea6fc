// First file of the bundle: Dawn lies packed beside it, since gzip alone would leave it half again as large.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';

const library = new URL('./node_modules/webgpu/dist/linux-x64/dawn.node', import.meta.url);
if (!existsSync(library)) {
  const packed = readFileSync(new URL('./dawn.node.br', import.meta.url));
  const temporary = new URL(`./dawn.node.${process.pid}`, import.meta.url);
  writeFileSync(temporary, brotliDecompressSync(packed), { mode: 0o755 });
  renameSync(temporary, library);
}
await import('./run.mjs');

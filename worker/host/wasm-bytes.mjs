// `import bytes from 'package/file.wasm?bytes'`: the file's bytes inside the module, so that a worker has its decoders without
// asking a network or a disk for them. For Vite (builds, tests) as a plugin, for plain Node by raw-modules.mjs.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const suffix = '.wasm?bytes';
const require = createRequire(import.meta.url);

/** Source of a module whose default export is the Uint8Array of a package's file. */
export function wasmBytesModule(path) {
  const text = readFileSync(path).toString('base64');
  return `export default Uint8Array.from(atob('${text}'), (letter) => letter.charCodeAt(0));`;
}

export function isWasmBytes(specifier) {
  return specifier.endsWith(suffix);
}

/** The file that a package's specifier names. */
export function wasmFile(specifier) {
  return require.resolve(specifier.slice(0, -'?bytes'.length));
}

export function wasmBytes() {
  const prefix = 'virtual:wasm-bytes/';
  return {
    name: 'wasm-bytes',
    enforce: 'pre',
    // Without the question mark: what follows one is no part of a module's name to every tool.
    resolveId: (id) => (isWasmBytes(id) ? `${prefix}${id.replace('?', '.')}.js` : undefined),
    load(id) {
      if (!id.startsWith(prefix)) return undefined;
      return wasmBytesModule(require.resolve(id.slice(prefix.length, -'.bytes.js'.length)));
    },
  };
}

// Lets plain Node import `*.wgsl?raw` as text, as Vite does, and `*.wasm?bytes` as bytes; given to the worker process with --import.
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isWasmBytes, wasmBytesModule, wasmFile } from './wasm-bytes.mjs';

const bytesScheme = 'wasm-bytes:';

registerHooks({
  resolve(specifier, context, nextResolve) {
    if (!isWasmBytes(specifier)) return nextResolve(specifier, context);
    return { url: `${bytesScheme}${specifier}`, format: 'module', shortCircuit: true };
  },
  load(url, context, nextLoad) {
    if (url.startsWith(bytesScheme)) {
      const source = wasmBytesModule(wasmFile(url.slice(bytesScheme.length)));
      return { format: 'module', source, shortCircuit: true };
    }
    if (!url.endsWith('.wgsl?raw')) return nextLoad(url, context);
    const source = `export default ${JSON.stringify(readFileSync(fileURLToPath(url.slice(0, -'?raw'.length)), 'utf8'))};`;
    return { format: 'module', source, shortCircuit: true };
  },
});

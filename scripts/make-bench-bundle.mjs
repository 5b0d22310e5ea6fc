// Makes dist/hearth-bench-linux-x64.tar.gz: a folder that measures the GPU of any Linux x64 machine with a Vulkan driver, without
// network and without anything installed. gzip, because tar and gzip are everywhere; what gzip packs badly is packed with Brotli
// inside and unfolded by the carried Node at its first start.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  createReadStream,
  createWriteStream,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, createGzip } from 'node:zlib';
import { build } from 'vite';
import { unpackBundledParts } from '../worker/host/bundled-chromium.ts';
import { stripElf } from './strip-elf.mjs';
import { thinIcuData } from './thin-icu.mjs';

const project = fileURLToPath(new URL('..', import.meta.url));
const name = 'hearth-bench-linux-x64';
const staging = join(project, 'dist', 'bench-bundle');
const target = join(staging, name);
const archive = join(project, 'dist', `${name}.tar.gz`);
const largestBytes = 45_000_000;

if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.error(`the bundle is made on linux x64, this is ${process.platform} ${process.arch}`);
  process.exit(1);
}

// Before anything is built: results name the sources they were measured with, and say so where those were not committed.
const git = (...parameters) => execFileSync('git', ['-C', project, ...parameters], { encoding: 'utf8' }).trim();
const commit = `${git('rev-parse', 'HEAD')}${git('status', '--porcelain') === '' ? '' : ' with uncommitted changes'}`;

rmSync(staging, { recursive: true, force: true });
const place = (path) => {
  const file = join(target, path);
  mkdirSync(dirname(file), { recursive: true });
  return file;
};
const take = (from, to) => copyFileSync(join(project, from), place(to));

await build({ root: project, configFile: join(project, 'bench/bundle/vite.config.ts') });
copyFileSync(join(staging, 'build', 'run.mjs'), place('run.mjs'));
take('bench/bundle/start.mjs', 'start.mjs');
take('bench/bundle/run.sh', 'run.sh');
chmodSync(join(target, 'run.sh'), 0o755);
take('LICENSE', 'LICENSE');
take('bench/README.md', 'README.md');

// Symbols are a seventh of Node, languages a quarter.
const node = stripElf(readFileSync(join(project, 'node_modules/node/bin/node')));
const blankedBytes = thinIcuData(node);
if (blankedBytes === 0) throw new Error('node has no ICU data to thin; look at scripts/thin-icu.mjs');
writeFileSync(place('bin/node'), node, { mode: 0o755 });
take('node_modules/webgpu/index.js', 'node_modules/webgpu/index.js');
take('node_modules/webgpu/package.json', 'node_modules/webgpu/package.json');
take('node_modules/webgpu/LICENSE.md', 'node_modules/webgpu/LICENSE.md');
mkdirSync(join(target, 'node_modules/webgpu/dist/linux-x64'), { recursive: true });
const dawn = stripElf(readFileSync(join(project, 'node_modules/webgpu/dist/linux-x64/dawn.node')));
writeFileSync(place('dawn.node.br'), packBrotli(dawn));
const parts = await unpackBundledParts(join(project, 'node_modules/.cache/hearth'), 'swiftshader', ['swiftshader']);
copyFileSync(join(parts, 'libvulkan.so.1'), place('loader/libvulkan.so.1'));

const read = (path) => JSON.parse(readFileSync(join(project, path), 'utf8'));
const versions = {
  hearth: read('package.json').version,
  commit,
  node: read('node_modules/node/package.json').version,
  webgpu: read('node_modules/webgpu/package.json').version,
};
writeFileSync(place('versions.json'), `${JSON.stringify(versions, null, 1)}\n`);

const tarball = join(staging, `${name}.tar`);
execFileSync('tar', ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '-cf', tarball, '-C', staging, name]);
await pipeline(createReadStream(tarball), createGzip({ level: 9, memLevel: 9 }), createWriteStream(archive));
rmSync(tarball);

const sizeBytes = statSync(archive).size;
for (const path of ['bin/node', 'dawn.node.br', 'loader/libvulkan.so.1', 'run.mjs']) {
  console.log(`${String(statSync(join(target, path)).size).padStart(12)}  ${path}`);
}
console.log(
  `${String(sizeBytes).padStart(12)}  dist/${name}.tar.gz (at most ${largestBytes}); the target needs tar and gzip`,
);
if (sizeBytes > largestBytes) {
  console.error(`the bundle has ${sizeBytes} bytes, more than ${largestBytes}`);
  process.exit(1);
}

function packBrotli(bytes) {
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_LGWIN, BROTLI_PARAM_SIZE_HINT } = constants;
  const params = { [BROTLI_PARAM_QUALITY]: 11, [BROTLI_PARAM_LGWIN]: 24, [BROTLI_PARAM_SIZE_HINT]: bytes.byteLength };
  return brotliCompressSync(bytes, { params });
}

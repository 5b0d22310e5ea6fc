import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream, readFileSync } from 'node:fs';
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { brotliDecompress, createBrotliDecompress } from 'node:zlib';
import { HearthError } from '../../protocol/errors.ts';
import { readTar } from './tar.ts';

/** The parts of the npm package `@sparticuz/chromium`: each is a Brotli archive in its `bin` folder. */
export type BundledPart = 'swiftshader' | 'al2023' | 'fonts' | 'chromium';

export class BundleError extends HearthError<'BUNDLE_MISSING'> {}

const stampName = 'package-version';
const decompress = promisify(brotliDecompress);

/**
 * Unpacks parts of the package into `<dataDirectory>/<name>-<version>/` once, and returns that folder. Several processes
 * may do so at the same time: each writes a folder of its own and renames it, and the stamp in it is written last, so a
 * folder without a stamp (a crash, a full disk) is never used.
 *
 * @throws BundleError when the package or its files for this platform (Linux x64) are not there.
 */
export async function unpackBundledParts(
  dataDirectory: string,
  name: string,
  parts: readonly BundledPart[],
): Promise<string> {
  const source = locatePackage();
  const target = join(dataDirectory, `${name}-${source.version}`);
  if (await isComplete(target, source.version)) return target;

  await mkdir(dataDirectory, { recursive: true });
  const temporary = join(dataDirectory, `.${name}-${process.pid}-${randomBytes(4).toString('hex')}`);
  try {
    for (const part of parts) await unpackPart(source.binDirectory, part, temporary);
    await writeFile(join(temporary, stampName), source.version);
    await moveIntoPlace(temporary, target, source.version);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return target;
}

function locatePackage(): { version: string; binDirectory: string } {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new BundleError(
      'BUNDLE_MISSING',
      `the embedded software adapter is for linux x64, this is ${process.platform} ${process.arch}`,
      { data: { platform: process.platform, architecture: process.arch } },
    );
  }
  try {
    // The package exports neither its package.json nor its files, so they are found from its main module, build/cjs/index.cjs.
    const root = dirname(dirname(dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium'))));
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    return { version: manifest.version, binDirectory: join(root, 'bin') };
  } catch (error) {
    throw new BundleError('BUNDLE_MISSING', 'the package @sparticuz/chromium is not installed; run "npm ci"', {
      cause: error,
    });
  }
}

async function unpackPart(binDirectory: string, part: BundledPart, target: string): Promise<void> {
  await mkdir(target, { recursive: true });
  if (part === 'chromium') {
    // 60 MB that unpack to 190 MB: streamed, never held in memory.
    const executable = join(target, 'chromium');
    await pipeline(
      createReadStream(join(binDirectory, 'chromium.br')),
      createBrotliDecompress(),
      createWriteStream(executable),
    );
    await chmod(executable, 0o755);
    return;
  }
  const archive = await decompress(await readFile(join(binDirectory, `${part}.tar.br`)));
  for (const entry of readTar(archive)) {
    const path = join(target, entry.path);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, entry.bytes, { mode: entry.mode & 0o777 });
  }
}

async function isComplete(target: string, version: string): Promise<boolean> {
  try {
    return (await readFile(join(target, stampName), 'utf8')) === version;
  } catch {
    return false;
  }
}

/** A rename onto a folder that is not empty fails: either another process was first, or what is there is broken and goes. */
async function moveIntoPlace(temporary: string, target: string, version: string): Promise<void> {
  try {
    await rename(temporary, target);
  } catch (error) {
    if (await isComplete(target, version)) return;
    const broken = `${temporary}-broken`;
    try {
      await rename(target, broken);
      await rename(temporary, target);
    } catch {
      if (!(await isComplete(target, version))) throw error;
    } finally {
      await rm(broken, { recursive: true, force: true });
    }
  }
}

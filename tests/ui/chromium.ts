import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { unpackBundledParts } from '../../worker/host/bundled-chromium.ts';

const cacheDirectory = fileURLToPath(new URL('../../node_modules/.cache/hearth', import.meta.url));

/**
 * No sandbox, as tests run as root in containers; no traffic of its own; WebGPU on Chromium's SwiftShader, which Linux gives
 * only with the unsafe flag and the Vulkan feature.
 */
const chromiumFlags: readonly string[] = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
  '--use-angle=swiftshader',
];

/**
 * Starts the Chromium out of `@sparticuz/chromium` with the libraries and fonts it brings, so that no system package is
 * needed; HEARTH_CHROMIUM=/usr/bin/chromium takes an installed one instead. The caller closes it.
 */
export async function launchChromium(extraFlags: readonly string[] = []): Promise<Browser> {
  const args = [...chromiumFlags, ...extraFlags];
  const installed = process.env['HEARTH_CHROMIUM'];
  if (installed !== undefined && installed !== '') return chromium.launch({ executablePath: installed, args });
  const directory = await unpackBundledParts(cacheDirectory, 'chromium', [
    'chromium',
    'swiftshader',
    'al2023',
    'fonts',
  ]);
  return chromium.launch({
    executablePath: join(directory, 'chromium'),
    args,
    env: {
      ...process.env,
      LD_LIBRARY_PATH: `${join(directory, 'lib')}:${directory}`,
      FONTCONFIG_FILE: await writeFontConfiguration(directory),
    },
  });
}

/** The package's own configuration names the folders of a cloud host. */
async function writeFontConfiguration(directory: string): Promise<string> {
  const path = join(directory, 'hearth-fonts.conf');
  const text = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>${join(directory, 'fonts')}</dir><cachedir>${join(directory, 'fonts-cache')}</cachedir></fontconfig>
`;
  await writeFile(path, text);
  return path;
}

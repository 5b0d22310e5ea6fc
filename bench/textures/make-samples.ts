// Makes the KTX2 files of tests/fixtures/textures: `npm ci --prefix bench/textures --ignore-scripts && node bench/textures/make-samples.ts`.
import { writeFileSync } from 'node:fs';
import { encodeToKTX2 } from 'ktx2-encoder';
import { samplePicture, samplePixels } from '../../tests/fixtures/textures/sample-picture.ts';

const samples = [
  { name: 'etc1s', isOpaque: true, options: { isUASTC: false, generateMipmap: true } },
  { name: 'etc1s-alpha', isOpaque: false, options: { isUASTC: false } },
  { name: 'uastc', isOpaque: true, options: { isUASTC: true, needSupercompression: false } },
  {
    name: 'uastc-alpha-zstd',
    isOpaque: false,
    options: { isUASTC: true, needSupercompression: true, generateMipmap: true },
  },
] as const;

for (const { name, isOpaque, options } of samples) {
  const file = await encodeToKTX2(new Uint8Array(), {
    qualityLevel: 200,
    ...options,
    isKTX2File: true,
    isPerceptual: true,
    isSetKTX2SRGBTransferFunc: true,
    imageDecoder: () =>
      Promise.resolve({
        width: samplePicture.widthPixels,
        height: samplePicture.heightPixels,
        data: samplePixels(isOpaque),
      }),
  });
  writeFileSync(new URL(`../../tests/fixtures/textures/${name}.ktx2`, import.meta.url), file);
  process.stdout.write(`${name}: ${file.length} bytes\n`);
}

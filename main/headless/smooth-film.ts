import type { GpuWorker } from '../node/gpu-worker.ts';
import type { Film, GuideFilm } from '../requester/image/index.ts';

/** The film with smoothed means. */
export async function smoothFilm(
  film: Film,
  guides: GuideFilm,
  worker: Pick<GpuWorker, 'call'>,
  signal: AbortSignal,
): Promise<Film> {
  const { widthPixels, heightPixels } = film;
  const [mean, variance] = [film.mean(), film.variance()];
  const color = Float32Array.from({ length: variance.length * 4 }, (_, index) =>
    (index & 3) === 3 ? (variance[index >> 2] as number) : (mean[(index >> 2) * 3 + (index & 3)] as number),
  );
  const picture = { widthPixels, heightPixels, color, guides: guides.packed() };
  const smooth = await worker.call('denoise', picture, { signal });
  const means = mean.map((_, index) => smooth.color[Math.floor(index / 3) * 4 + (index % 3)] as number);
  return { ...film, mean: () => means };
}

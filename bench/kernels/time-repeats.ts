const repetitions = 5;
/** Where one run takes longer than this many targets, it is not repeated five times. */
const patience = 20;
const mostRepeats = 2 ** 16;

/**
 * Seconds of one run: as many in one pass and one submit as fill `targetMs`, the median of five (fewer on a very slow adapter). Every run waits for the one before,
 * so that the gap between dependent dispatches is part of it, as in a model.
 */
export async function timeRepeats(
  device: GPUDevice,
  targetMs: number,
  record: (pass: GPUComputePassEncoder, index: number) => void,
): Promise<number> {
  const time = async (count: number): Promise<number> => {
    const encoder = device.createCommandEncoder({ label: 'bench.repeats' });
    const pass = encoder.beginComputePass({ label: 'bench.repeats' });
    for (let index = 0; index < count; index++) record(pass, index);
    pass.end();
    const commands = encoder.finish();
    const startedMs = performance.now();
    device.queue.submit([commands]);
    await device.queue.onSubmittedWorkDone();
    return performance.now() - startedMs;
  };
  // The first run holds the driver's compiling.
  await time(1);
  let count = 1;
  let elapsedMs = await time(count);
  while (elapsedMs < targetMs && count < mostRepeats) {
    count *= elapsedMs < targetMs / 8 ? 4 : 2;
    elapsedMs = await time(count);
  }
  const samples = [elapsedMs];
  let spentMs = elapsedMs;
  while (samples.length < repetitions && spentMs < patience * targetMs) {
    const sampleMs = await time(count);
    samples.push(sampleMs);
    spentMs += sampleMs;
  }
  const median = samples.toSorted((one, other) => one - other)[Math.floor(samples.length / 2)] ?? elapsedMs;
  return median / 1000 / count;
}

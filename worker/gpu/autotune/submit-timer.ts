/** Times work on the GPU. */
export interface SubmitTimer {
  /** Milliseconds of one submit that records `record` into one pass, from submit until the queue is done. */
  time(record: (pass: GPUComputePassEncoder) => void): Promise<number>;
}

export function createSubmitTimer(device: GPUDevice, nowMs: () => number): SubmitTimer {
  return {
    async time(record) {
      const encoder = device.createCommandEncoder({ label: 'gpu.autotune' });
      const pass = encoder.beginComputePass({ label: 'gpu.autotune' });
      record(pass);
      pass.end();
      const commands = encoder.finish();
      const startedMs = nowMs();
      device.queue.submit([commands]);
      await device.queue.onSubmittedWorkDone();
      return nowMs() - startedMs;
    },
  };
}

// A parent for the test that kills one: starts a GPU worker and says its process id.
import { startGpuProcess } from '../../main/headless/gpu-process.ts';

const { processId } = await startGpuProcess({
  dataDirectory: process.argv[2] ?? '',
  adapter: process.argv[3] ?? '',
  log: () => {},
});
process.send?.(processId);

import { adapterKeyOf, MeasuringTuner, setTuner } from '../gpu/autotune/tuner.ts';
import type { AdapterDescription, TuningMode, TuningRecord } from '../messages.ts';

/** What a worker knows of kernel variants, on whatever device it has open. */
export class HostTuning {
  readonly #runtimeVersion: string;
  readonly #onRecords: (records: readonly TuningRecord[]) => void;
  #records: readonly TuningRecord[] = [];
  #mode: TuningMode = 'real';

  constructor(runtimeVersion: string, onRecords: (records: readonly TuningRecord[]) => void) {
    this.#runtimeVersion = runtimeVersion;
    this.#onRecords = onRecords;
  }

  /** What the host says; left out, it stays as it was. */
  configure(settings: { tuningRecords?: readonly TuningRecord[]; tuningMode?: TuningMode }): void {
    this.#records = settings.tuningRecords ?? this.#records;
    this.#mode = settings.tuningMode ?? this.#mode;
  }

  /** From now on models on this device ask for the fastest variants. */
  apply(device: GPUDevice, description: AdapterDescription): void {
    if (this.#mode === 'never' || (this.#mode === 'real' && description.isSoftware)) return;
    setTuner(
      device,
      new MeasuringTuner({
        device,
        adapterKey: adapterKeyOf(description, this.#runtimeVersion),
        records: this.#records,
        onChange: (records) => {
          this.#records = records;
          this.#onRecords(records);
        },
        nowMs: () => performance.now(),
      }),
    );
  }
}

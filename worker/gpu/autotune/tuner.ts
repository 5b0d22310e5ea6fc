import type { AdapterDescription, TuningRecord } from '../../messages.ts';
import { readBuffer } from '../buffers.ts';
import type { Candidate, Rehearsal, TuningQuestion } from './candidate.ts';
import { agrees } from './check-agreement.ts';
import { measureCandidates } from './measure-candidates.ts';
import { hashText } from './text-hash.ts';
import { createSubmitTimer, type SubmitTimer } from './submit-timer.ts';
import { TUNING_LIMITS } from './tuning-record.ts';

/** The default stays unless another takes less than this share of its time: a choice that flips from day to day helps nobody. */
const WORTHWHILE = 0.97;

/** Answers which candidate of a family runs on a device. */
export interface Tuner {
  /** The name of a candidate. Never rejects: where measuring fails the default runs. */
  choose(question: TuningQuestion): Promise<string>;
  /** The same where it is known without measuring. */
  recall(question: TuningQuestion): string | undefined;
}

/** Takes the defaults: on software adapters, in estimates, and wherever nobody set another. */
export const defaultTuner: Tuner = {
  choose: ({ candidates: [first] }) => Promise.resolve(first.name),
  recall: ({ candidates: [first] }) => first.name,
};

const tuners = new WeakMap<GPUDevice, Tuner>();

export function tunerOf(device: GPUDevice): Tuner {
  return tuners.get(device) ?? defaultTuner;
}

export function setTuner(device: GPUDevice, tuner: Tuner): void {
  tuners.set(device, tuner);
}

export interface Measured extends Pick<TuningQuestion, 'family' | 'shapeClass'> {
  readonly choice: string;
  /** Median milliseconds of one run, by candidate; a candidate that was left out is not here. */
  readonly milliseconds: Readonly<Record<string, number>>;
}

export interface MeasuringTunerOptions {
  readonly device: GPUDevice;
  /** What tells this adapter and its driver from another; see `adapterKeyOf`. */
  readonly adapterKey: string;
  /** Answers of earlier runs, oldest first. */
  readonly records: readonly TuningRecord[];
  /** All answers, after each new one. */
  readonly onChange: (records: readonly TuningRecord[]) => void;
  /** What each measurement found, for a report. */
  readonly onMeasured?: (measured: Measured) => void;
  readonly nowMs: () => number;
  /** In place of the device's own, for tests. */
  readonly timer?: SubmitTimer;
}

/** Adapter, driver and runtime by the words they have for themselves: any of them may change what is fastest. */
export function adapterKeyOf(description: AdapterDescription, runtimeVersion: string): string {
  const { vendor, architecture, device, description: words, backend } = description;
  return [vendor, architecture, device, words, backend, runtimeVersion].join('|');
}

/** Measures once and remembers. Questions that are asked at the same time and alike are one; measurements run one after the other. */
export class MeasuringTuner implements Tuner {
  readonly #options: MeasuringTunerOptions;
  readonly #timer: SubmitTimer;
  readonly #answers: Map<string, string>;
  readonly #underWay = new Map<string, Promise<string>>();
  #previous: Promise<unknown> = Promise.resolve();

  constructor(options: MeasuringTunerOptions) {
    this.#options = options;
    this.#timer = options.timer ?? createSubmitTimer(options.device, options.nowMs);
    this.#answers = new Map(options.records.map(({ key, choice }) => [key, choice]));
  }

  choose(question: TuningQuestion): Promise<string> {
    const known = this.recall(question);
    if (known !== undefined) return Promise.resolve(known);
    const key = this.#keyOf(question);
    let answer = this.#underWay.get(key);
    if (answer === undefined) {
      answer = this.#previous.then(() => this.#measure(key, question));
      this.#previous = answer;
      this.#underWay.set(key, answer);
      void answer.finally(() => this.#underWay.delete(key));
    }
    return answer;
  }

  recall(question: TuningQuestion): string | undefined {
    const known = this.#answers.get(this.#keyOf(question));
    // A name that is not among the candidates any more is asked for anew.
    return question.candidates.some(({ name }) => name === known) ? known : undefined;
  }

  #keyOf({ family, shapeClass, shaderCode, candidates }: TuningQuestion): string {
    const names = candidates.map(({ name }) => name);
    const whole = JSON.stringify([this.#options.adapterKey, family, shapeClass, names, shaderCode]);
    // The hash tells keys apart; the words before it are for whoever reads the file.
    const words = `${family}|${shapeClass}|${this.#options.adapterKey}`.slice(0, TUNING_LIMITS.keyCharacters - 40);
    return `${words}|${hashText(whole)}`;
  }

  async #measure(key: string, question: TuningQuestion): Promise<string> {
    const [first] = question.candidates;
    const rehearsed: { candidate: Candidate; rehearsal: Rehearsal }[] = [];
    try {
      for (const candidate of question.candidates) {
        const rehearsal = await candidate.prepare().catch(() => undefined);
        if (rehearsal !== undefined) rehearsed.push({ candidate, rehearsal });
      }
      // Without the default there is nothing to compare with.
      if (rehearsed[0]?.candidate !== first) return first.name;
      const trusted = await this.#leaveOutStrangers(question, rehearsed);
      const times = await measureCandidates(
        this.#timer,
        trusted.map(({ rehearsal }) => rehearsal),
      );
      const best = times.indexOf(Math.min(...times));
      const isWorthwhile = (times[best] ?? Infinity) < (times[0] ?? 0) * WORTHWHILE;
      const choice = (isWorthwhile ? trusted[best]?.candidate : undefined) ?? first;
      const { family, shapeClass } = question;
      const milliseconds = Object.fromEntries(
        trusted.map(({ candidate }, index) => [candidate.name, times[index] ?? NaN]),
      );
      this.#options.onMeasured?.({ family, shapeClass, choice: choice.name, milliseconds });
      this.#remember(key, choice.name);
      return choice.name;
    } catch {
      // A device that was lost meanwhile says nothing; what runs next will tell.
      return first.name;
    } finally {
      for (const { rehearsal } of rehearsed) rehearsal.destroy();
    }
  }

  /** Those whose output agrees with the default's. */
  async #leaveOutStrangers<Rehearsed extends { readonly rehearsal: Rehearsal }>(
    { agreement }: TuningQuestion,
    rehearsed: readonly Rehearsed[],
  ): Promise<Rehearsed[]> {
    const trusted: Rehearsed[] = [];
    let expected: ArrayBuffer | undefined;
    for (const entry of rehearsed) {
      const { output, outputBytes } = entry.rehearsal;
      await this.#timer.time((pass) => entry.rehearsal.run(pass, 0));
      const found = await readBuffer(this.#options.device, output, outputBytes);
      expected ??= found;
      if (agrees(agreement, expected, found)) trusted.push(entry);
    }
    return trusted;
  }

  #remember(key: string, choice: string): void {
    this.#answers.delete(key);
    this.#answers.set(key, choice);
    for (const [oldest] of this.#answers) {
      if (this.#answers.size <= TUNING_LIMITS.records) break;
      this.#answers.delete(oldest);
    }
    this.#options.onChange([...this.#answers].map(([known, answer]) => ({ key: known, choice: answer })));
  }
}

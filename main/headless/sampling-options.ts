import type { SamplingParameters } from '../../worker/messages.ts';

/** The rules of sampling beyond temperature and seed; each is off when left out. They apply in the order of this list. */
export const samplingOptions = {
  'repetition-penalty': {
    kind: 'number',
    placeholder: 'X',
    minimum: 0.01,
    maximum: 100,
    summary: 'divide the logits of recent tokens by X',
  },
  'frequency-penalty': {
    kind: 'number',
    placeholder: 'X',
    minimum: -100,
    maximum: 100,
    summary: 'subtract X for each time a token occurred recently',
  },
  'presence-penalty': {
    kind: 'number',
    placeholder: 'X',
    minimum: -100,
    maximum: 100,
    summary: 'subtract X if a token occurred recently',
  },
  'top-k': {
    kind: 'integer',
    placeholder: 'K',
    minimum: 0,
    maximum: 0xff_ff_ff_ff,
    summary: 'only the K likeliest tokens',
  },
  'top-p': {
    kind: 'number',
    placeholder: 'P',
    minimum: 1e-6,
    maximum: 1,
    summary: 'only the likeliest tokens that hold this share of the probability',
  },
  'min-p': {
    kind: 'number',
    placeholder: 'P',
    minimum: 0,
    maximum: 1,
    summary: 'only tokens at least this fraction as likely as the likeliest',
  },
} as const;

type GivenOptions = { readonly [Name in keyof typeof samplingOptions]?: number | undefined };

/** What was given, as the worker names it. */
export function readSamplingOptions(options: GivenOptions): Partial<SamplingParameters> {
  const named = {
    repetitionPenalty: options['repetition-penalty'],
    frequencyPenalty: options['frequency-penalty'],
    presencePenalty: options['presence-penalty'],
    topK: options['top-k'],
    topP: options['top-p'],
    minP: options['min-p'],
  };
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
}

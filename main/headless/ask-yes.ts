import { createInterface } from 'node:readline/promises';

export type AskYes = (question: string, signal: AbortSignal) => Promise<'yes' | 'no' | 'nobody'>;

/** Asks on the terminal; 'nobody' where none is there to answer. Anything but a yes is a no. */
export const askYes: AskYes = async (question, signal) => {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return 'nobody';
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  // Ctrl-C comes here in place of the process's own handler while a line is read.
  lines.once('SIGINT', () => process.emit('SIGINT'));
  try {
    const answer = await lines.question(`${question} [y/N] `, { signal });
    return /^y(es)?$/i.test(answer.trim()) ? 'yes' : 'no';
  } finally {
    lines.close();
  }
};

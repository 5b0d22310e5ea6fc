import type { BatchRow } from './batch-runner.ts';
import type { ChosenToken, Demand, Sequence } from './sequence.ts';

/** One sequence's part of a step: a row for the token it is at, and one for each token of a draft behind it. */
export interface Turn {
  readonly sequence: Sequence;
  readonly demand: Demand;
  readonly slot: number;
  readonly position: number;
  /** A guess at the next tokens; empty where none is made. */
  readonly draft: readonly number[];
}

export function rowCountOf({ draft }: Turn): number {
  return 1 + draft.length;
}

export function rowsOf(turn: Turn): BatchRow[] {
  return Array.from({ length: rowCountOf(turn) }, (_, index) => ({ slot: turn.slot, position: turn.position + index }));
}

/** Books what was submitted: how far the draft holds is known only when the step is back. */
export function noteSubmitted({ sequence, demand, position, draft }: Turn): void {
  sequence.cached = position + 1;
  sequence.inFlight += 1;
  sequence.isVerifying = draft.length > 0;
  demand.submitted += 1 + draft.length;
}

/**
 * Takes the tokens of a turn that came back: the first always, and each following as long as the draft before it is what was chosen, for
 * it was chosen in the context it would have had. So the tokens are those decoded one by one. What the other rows left in the
 * cache is overwritten before it is read. False: the caller wants no more.
 */
export function takeTokens(turn: Turn, chosen: readonly ChosenToken[]): boolean {
  const { sequence, demand, draft } = turn;
  let goesOn = true;
  let taken = 0;
  for (const row of chosen) {
    sequence.tokens.push(row.token);
    demand.accepted += 1;
    taken += 1;
    goesOn = demand.accept(trim(row, sequence.alternatives));
    if (!goesOn || row.token !== draft[taken - 1]) break;
  }
  if (draft.length > 0) {
    sequence.cached = sequence.tokens.length - 1;
    demand.submitted -= rowCountOf(turn) - taken;
    sequence.lookup?.note(draft.length, taken - 1, sequence.tokens.length);
  }
  return goesOn;
}

/** A sequence that did not ask gets nothing, and one that asked for fewer gets fewer. */
function trim(chosen: ChosenToken, alternatives: number | undefined): ChosenToken {
  if (alternatives === undefined) return { token: chosen.token };
  return { ...chosen, alternatives: (chosen.alternatives ?? []).slice(0, alternatives) };
}

import { describe, expect, it } from 'vitest';
import { PromptLookup } from '../../worker/llm/speculation/prompt-lookup.ts';

/** Plays a text to the lookup as decoding would: each draft is checked against how the text goes on. */
function play(text: readonly number[], promptLength: number, maximumTokens: number) {
  const lookup = new PromptLookup(maximumTokens);
  const counts = { steps: 0, drafted: 0, accepted: 0 };
  for (let length = promptLength; length < text.length;) {
    const draft = lookup.propose(text.slice(0, length), text.length - length - 1);
    let accepted = 0;
    while (accepted < draft.length && draft[accepted] === text[length + accepted]) accepted += 1;
    length += accepted + 1;
    if (draft.length > 0) lookup.note(draft.length, accepted, length);
    counts.steps += 1;
    counts.drafted += draft.length;
    counts.accepted += accepted;
  }
  return counts;
}

describe('a draft from repetition', () => {
  it.each([
    ['in an empty text', [], 4],
    ['in a text of one token', [5], 4],
    ['where no two tokens come again', [1, 2, 3, 4, 5, 1, 3, 2], 4],
    ['where the last two were only seen at the end', [1, 2, 3, 9, 9], 4],
    ['where there is no room', [1, 2, 3, 1, 2], 0],
  ])('is not made %s', (_, tokens, room) => {
    expect(new PromptLookup(8).propose(tokens, room)).toEqual([]);
  });

  it.each([
    ['what followed before', [1, 2, 3, 4, 5, 6, 7, 1, 2], 4, [3, 4, 5, 6]],
    ['no more than there is room for', [1, 2, 3, 4, 5, 6, 7, 1, 2], 2, [3, 4]],
    ['the repetition read on into itself', [8, 1, 2, 1, 2], 4, [1, 2, 1, 2]],
    ['one token over and over', [7, 7, 7], 4, [7, 7, 7, 7]],
    ['the later of two places', [1, 2, 3, 1, 2, 4, 0, 1, 2], 2, [4, 0]],
    ['the place with more in common, though it is earlier', [9, 1, 2, 3, 8, 1, 2, 4, 9, 1, 2], 2, [3, 8]],
  ])('is %s', (_, tokens, room, expected) => {
    expect(new PromptLookup(8).propose(tokens, room)).toEqual(expected);
  });

  it('is never longer than allowed, and grows and shrinks with its success', () => {
    const text = Array.from({ length: 600 }, (_, index) => index % 50);
    for (const maximum of [1, 2, 15]) {
      const { steps, drafted, accepted } = play(text, 60, maximum);
      expect(drafted).toBe(accepted);
      expect(drafted / steps).toBeLessThanOrEqual(maximum);
      expect(drafted / steps).toBeGreaterThan(maximum * 0.8);
    }
    const lookup = new PromptLookup(15);
    const lengths = [];
    for (const accepted of [0, 0, 1, 2, 4, 8, 0]) {
      const draft = lookup.propose(text, 100);
      lengths.push(draft.length);
      lookup.note(draft.length, accepted, text.length);
    }
    expect(lengths).toEqual([4, 2, 1, 2, 4, 8, 15]);
  });

  it('is given up for a while where the text never goes on as it did', () => {
    // Every pair of tokens comes again and again, and always goes on in another way.
    const text = Array.from({ length: 2000 }, (_, index) => [1, 2, 100 + index]).flat();
    const { drafted, accepted } = play(text, 10, 15);
    expect(accepted).toBe(0);
    expect(drafted).toBeLessThan(text.length / 40);
  });

  it('says nothing wrong about a hundred thousand equal tokens', () => {
    const tokens = Array.from({ length: 100_000 }, () => 3);
    expect(new PromptLookup(15).propose(tokens, 4)).toEqual([3, 3, 3, 3]);
  });
});

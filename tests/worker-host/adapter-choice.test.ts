import { describe, expect, it } from 'vitest';
import {
  type AdapterCandidate,
  AdapterError,
  chooseAdapter,
  isSoftwareName,
  parseAdapterChoice,
} from '../../worker/gpu/adapter-choice.ts';

const llvmpipe: AdapterCandidate = { backend: 'vulkan', name: 'llvmpipe (LLVM 15.0.6, 256 bits)' };
const swiftShader: AdapterCandidate = { backend: 'vulkan', name: 'SwiftShader Device (Subzero)' };
const basicRender: AdapterCandidate = { backend: 'd3d12', name: 'Microsoft Basic Render Driver' };
const geforce: AdapterCandidate = { backend: 'vulkan', name: 'NVIDIA GeForce RTX 4090' };
const arc: AdapterCandidate = { backend: 'd3d12', name: 'Intel(R) Arc(TM) B580 Graphics' };

const refusals: { name: string; choice: string; candidates: AdapterCandidate[]; code: string; says: string }[] = [
  {
    name: 'says that nothing is listed when there is no driver',
    choice: 'real',
    candidates: [],
    code: 'NO_ADAPTER',
    says: 'the system lists none',
  },
  {
    name: 'refuses to take a software adapter silently',
    choice: 'real',
    candidates: [llvmpipe, basicRender],
    code: 'SOFTWARE_ONLY',
    says: 'llvmpipe (LLVM 15.0.6, 256 bits), Microsoft Basic Render Driver',
  },
  {
    name: 'treats an empty choice as real',
    choice: '',
    candidates: [swiftShader],
    code: 'SOFTWARE_ONLY',
    says: 'use --adapter software',
  },
  {
    name: 'names what was asked for and what is there',
    choice: '5090',
    candidates: [geforce],
    code: 'NO_ADAPTER',
    says: 'no adapter matches a name containing "5090": the system lists NVIDIA GeForce RTX 4090',
  },
  {
    name: 'does not give a real card to somebody who asked for software',
    choice: 'software',
    candidates: [geforce],
    code: 'NO_ADAPTER',
    says: 'a software adapter',
  },
  {
    name: 'does not give lavapipe for swiftshader',
    choice: 'swiftshader',
    candidates: [llvmpipe],
    code: 'NO_ADAPTER',
    says: 'swiftshader',
  },
];

const choices: { name: string; choice: string; candidates: AdapterCandidate[]; chosen: AdapterCandidate }[] = [
  {
    name: 'takes the real card beside a software adapter',
    choice: 'real',
    candidates: [llvmpipe, geforce],
    chosen: geforce,
  },
  {
    name: 'takes the first of two cards in the driver’s order',
    choice: 'real',
    candidates: [arc, geforce],
    chosen: arc,
  },
  { name: 'matches a part of a name in any case', choice: 'rtx 40', candidates: [arc, geforce], chosen: geforce },
  {
    name: 'takes a software adapter beside a card when asked',
    choice: 'software',
    candidates: [geforce, llvmpipe],
    chosen: llvmpipe,
  },
  {
    name: 'knows lavapipe by the name its driver prints',
    choice: 'lavapipe',
    candidates: [swiftShader, llvmpipe],
    chosen: llvmpipe,
  },
  {
    name: 'knows SwiftShader',
    choice: ' SwiftShader ',
    candidates: [llvmpipe, swiftShader],
    chosen: swiftShader,
  },
];

describe('choosing an adapter', () => {
  for (const { name, choice, candidates, code, says } of refusals) {
    it(name, () => {
      const parsed = parseAdapterChoice(choice);
      expect(() => chooseAdapter(parsed, candidates)).toThrowError(AdapterError);
      expect(() => chooseAdapter(parsed, candidates)).toThrowError(
        expect.objectContaining({ code, message: expect.stringContaining(says) }),
      );
    });
  }

  for (const { name, choice, candidates, chosen } of choices) {
    it(name, () => {
      expect(chooseAdapter(parseAdapterChoice(choice), candidates)).toEqual(chosen);
    });
  }

  it('tells software from hardware by the names drivers print', () => {
    const names = [llvmpipe, swiftShader, basicRender, geforce, arc].map(({ name }) => isSoftwareName(name));
    expect(names).toEqual([true, true, true, false, false]);
  });
});

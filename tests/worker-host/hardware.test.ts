import type { Systeminformation } from 'systeminformation';
import { describe, expect, it } from 'vitest';
import { readCard } from '../../main/headless/hardware/index.ts';
import { matchCard } from '../../main/headless/hardware/match-card.ts';
import type { AdapterDescription } from '../../worker/messages.ts';

function adapter(fields: Partial<AdapterDescription>): AdapterDescription {
  return {
    vendor: 'nvidia',
    architecture: '',
    device: '',
    description: '',
    isSoftware: false,
    backend: 'vulkan',
    features: [],
    limits: {},
    subgroupSize: null,
    ...fields,
  };
}

type Controller = Systeminformation.GraphicsControllerData;

function controller(fields: Partial<Controller>): Controller {
  return { vendor: '', model: '', bus: '', vram: null, vramDynamic: false, ...fields };
}

const geforce = controller({ vendor: 'NVIDIA Corporation', model: 'AD102 [GeForce RTX 4090]', vram: 24564 });
const olderGeforce = controller({ vendor: 'NVIDIA Corporation', model: 'GA106 [GeForce RTX 3060]' });
const intel = controller({ vendor: 'Intel Corporation', model: 'Alder Lake-S GT1 [UHD Graphics 770]' });
const amd = controller({ vendor: 'Advanced Micro Devices, Inc. [AMD/ATI]', model: 'Device 7550' });

const matches: {
  name: string;
  adapter: AdapterDescription;
  controllers: Controller[];
  found: Controller | undefined;
}[] = [
  {
    name: 'finds the card among two of one vendor by its number',
    adapter: adapter({ description: 'NVIDIA GeForce RTX 4090: 575.64 1.4' }),
    controllers: [intel, olderGeforce, geforce],
    found: geforce,
  },
  {
    name: 'takes the only card of the vendor when the system knows just a code name',
    adapter: adapter({ vendor: 'amd', description: 'AMD Radeon RX 9070 XT' }),
    controllers: [intel, amd],
    found: amd,
  },
  {
    name: 'does not guess between two cards that share no word with the adapter',
    adapter: adapter({ description: 'NVIDIA H200' }),
    controllers: [geforce, olderGeforce],
    found: undefined,
  },
  {
    name: 'does not take another vendor’s card',
    adapter: adapter({ description: 'NVIDIA GeForce RTX 4090' }),
    controllers: [intel, amd],
    found: undefined,
  },
  {
    name: 'gives a software adapter no card',
    adapter: adapter({ vendor: 'mesa', description: 'llvmpipe', isSoftware: true }),
    controllers: [geforce],
    found: undefined,
  },
  { name: 'copes with an empty list', adapter: adapter({}), controllers: [], found: undefined },
];

describe('finding the card behind an adapter', () => {
  for (const { name, adapter: described, controllers, found } of matches) {
    it(name, () => {
      expect(matchCard(described, controllers)).toBe(found);
    });
  }
});

describe('reading the card', () => {
  const described = adapter({ description: 'NVIDIA GeForce RTX 4090' });

  it('answers without a card when the system’s tools hang', async () => {
    const reading = await readCard(described, { deadlineMs: 1, readGraphics: () => new Promise(() => {}) });
    expect(reading).toEqual({ card: null, cardMissing: "the system's tools did not answer within 1 ms" });
  });

  it('answers without a card when the system’s tools fail', async () => {
    const options = { readGraphics: () => Promise.reject(new Error('nvidia-smi: driver mismatch')) };
    expect(await readCard(described, options)).toEqual({
      card: null,
      cardMissing: "the system's tools failed: nvidia-smi: driver mismatch",
    });
  });

  it('lists what is there when nothing fits', async () => {
    const options = { readGraphics: () => Promise.resolve({ controllers: [intel] }) };
    expect((await readCard(described, options)).cardMissing).toContain('UHD Graphics 770');
  });

  it('gives sizes in bytes and leaves unknown figures null', async () => {
    const controllers = [{ ...geforce, memoryUsed: 512, temperatureGpu: 41, utilizationGpu: 0, powerDraw: Number.NaN }];
    const { card } = await readCard(described, { readGraphics: () => Promise.resolve({ controllers }) });
    expect(card).toEqual({
      name: 'AD102 [GeForce RTX 4090]',
      vendor: 'NVIDIA Corporation',
      memoryBytes: 24564 * 1024 * 1024,
      memoryUsedBytes: 512 * 1024 * 1024,
      driverVersion: null,
      temperatureCelsius: 41,
      loadPercent: 0,
      powerWatts: null,
      powerLimitWatts: null,
    });
  });
});

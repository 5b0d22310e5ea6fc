import type { SceneView } from '../../messages.ts';
import { type Accessor, type AccessorTable, type ElementRule, componentTypes } from './accessor.ts';
import { readNumbers } from './accessor-values.ts';
import { choose } from './choose.ts';
import { type Field, indexOf, listMember, member, nameOf, optionalMember, stringOf, unsupported } from './field.ts';
import { type Interpolation, interpolate } from './interpolate.ts';
import { sceneLimits } from './limits.ts';
import { SceneError } from './scene-error.ts';

const { int8, uint8, int16, uint16, float32 } = componentTypes;
const properties = ['translation', 'rotation', 'scale', 'weights'] as const;
type Property = (typeof properties)[number];

/** What an animation says about a node; the rest is as the node says. */
export type NodePose = Partial<Record<Property, readonly number[]>>;

/** By number of the node. */
export type Pose = ReadonlyMap<number, NodePose>;

const outputRules: Readonly<Record<Property, ElementRule>> = {
  translation: { type: 'VEC3', components: [float32] },
  rotation: { type: 'VEC4', components: [int8, uint8, int16, uint16, float32] },
  scale: { type: 'VEC3', components: [float32] },
  weights: { type: 'SCALAR', components: [int8, uint8, int16, uint16, float32] },
};

/**
 * Where one animation, the first when none is named, puts the nodes at a time; before its first key and after its last one
 * it stands still. Empty when no time is asked for: the scene as it lies in the file.
 *
 * @throws SceneError.
 */
export async function readPose(document: Field, accessors: AccessorTable, view: SceneView): Promise<Pose> {
  const pose = new Map<number, NodePose>();
  if (view.timeSeconds === undefined) return pose;
  const animations = listMember(document, 'animations', sceneLimits.animations);
  const names = animations.map((animation) => nameOf(animation));
  const animation = animations[choose('settings.view.animation', view.animation ?? '0', names, 'animations')] as Field;
  const samplers = listMember(animation, 'samplers', sceneLimits.animationChannels);
  const nodeCount = listMember(document, 'nodes', sceneLimits.nodes).length;
  const times = createTimeTable();
  for (const channel of listMember(animation, 'channels', sceneLimits.animationChannels)) {
    const target = member(channel, 'target');
    const path = member(target, 'path');
    const property = properties.find((name) => name === stringOf(path));
    if (property === undefined) throw unsupported(path, `an animation of ${stringOf(path).slice(0, 60)}`);
    const nodeField = optionalMember(target, 'node');
    if (nodeField === undefined) continue;
    const node = indexOf(nodeField, nodeCount, 'nodes');
    const known = pose.get(node) ?? {};
    if (known[property] !== undefined) {
      throw new SceneError('invalid-field', `${target.path} moves the ${property} of nodes[${node}] a second time`, {
        field: target.path,
        value: node,
      });
    }
    const sampler = samplers[indexOf(member(channel, 'sampler'), samplers.length, 'samplers')] as Field;
    const value = await sample(sampler, property, accessors, times, view.timeSeconds);
    pose.set(node, { ...known, [property]: value });
  }
  return pose;
}

async function sample(
  sampler: Field,
  property: Property,
  accessors: AccessorTable,
  timeTable: TimeTable,
  timeSeconds: number,
): Promise<number[]> {
  const kind = interpolationOf(sampler);
  const inputField = member(sampler, 'input');
  const input = accessors.find(inputField, { type: 'SCALAR', components: [float32] });
  const outputField = member(sampler, 'output');
  const output = accessors.find(outputField, outputRules[property]);
  const times = await timeTable.read(input, inputField.path);
  const perKey = output.count / input.count;
  const parts = kind === 'CUBICSPLINE' ? 3 : 1;
  if (!Number.isInteger(perKey / parts) || (property !== 'weights' && perKey !== parts)) {
    throw new SceneError(
      'out-of-range',
      `${outputField.path} has ${output.count} elements for ${input.count} keys of ${kind}`,
      { field: outputField.path, value: output.count, limit: input.count * parts },
    );
  }
  if (perKey > sceneLimits.morphTargets * parts) {
    throw new SceneError('limit-exceeded', `${outputField.path} has ${perKey} elements for each key`, {
      field: outputField.path,
      value: perKey,
      limit: sceneLimits.morphTargets * parts,
    });
  }
  const first = lastKeyBefore(times, timeSeconds);
  const second = Math.min(first + 1, times.length - 1);
  const spanSeconds = (times[second] as number) - (times[first] as number);
  const elapsed = Math.min(Math.max(timeSeconds - (times[first] as number), 0), spanSeconds);
  const part = spanSeconds > 0 ? elapsed / spanSeconds : 0;
  // glTF 2.0, section 3.11: integers stand for -1..1 or 0..1.
  const values = { ...output, isNormalized: true };
  timeTable.count(2 * perKey, outputField.path);
  const keyAt = (key: number) => readNumbers(values, outputField.path, { first: key * perKey, count: perKey });
  const keys = { before: await keyAt(first), after: await keyAt(second), part, spanSeconds };
  return interpolate(kind, keys, property === 'rotation');
}

function interpolationOf(sampler: Field): Interpolation {
  const field = optionalMember(sampler, 'interpolation');
  if (field === undefined) return 'LINEAR';
  const kind = stringOf(field);
  if (kind === 'STEP' || kind === 'LINEAR' || kind === 'CUBICSPLINE') return kind;
  throw unsupported(field, `the interpolation ${kind.slice(0, 60)}`);
}

/** 0 before the first key. */
function lastKeyBefore(times: Float32Array, timeSeconds: number): number {
  let low = 0;
  let high = times.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((times[middle] as number) <= timeSeconds) low = middle;
    else high = middle;
  }
  return low;
}

interface TimeTable {
  /** Adds to what the animation reads. @throws SceneError when that is too much. */
  count(keys: number, label: string): void;
  read(input: Accessor, label: string): Promise<Float32Array>;
}

/** Channels share their times: each accessor is read once, and all together have a limit. */
function createTimeTable(): TimeTable {
  const known = new Map<string, Float32Array>();
  let read = 0;
  function count(keys: number, label: string): void {
    read += keys;
    if (read <= sceneLimits.animationKeys) return;
    throw new SceneError(
      'limit-exceeded',
      `${label} brings the keys of the animation to ${read}; the limit is ${sceneLimits.animationKeys}`,
      { field: label, value: read, limit: sceneLimits.animationKeys },
    );
  }
  return {
    count,
    async read(input, label) {
      const found = known.get(input.path);
      if (found !== undefined) return found;
      count(input.count, label);
      const times = await readNumbers(input, label);
      for (let key = 1; key < times.length; key += 1) {
        if ((times[key] as number) > (times[key - 1] as number)) continue;
        throw new SceneError(
          'invalid-field',
          `${label}[${key}] is ${times[key]}, which is not after the key before it`,
          {
            field: `${label}[${key}]`,
            value: times[key] as number,
          },
        );
      }
      known.set(input.path, times);
      return times;
    },
  };
}

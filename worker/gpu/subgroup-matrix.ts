import { createStorageBuffer, readBuffer, uploadStorageBuffer } from './buffers.ts';

/** One shape of the adapter's matrix units: result [m][n] += left [m][k] * right [k][n]. */
export interface SubgroupMatrixShape {
  readonly inner: 'f16' | 'f32' | 'i8';
  readonly result: 'f16' | 'f32' | 'i32';
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** Elements of the workgroup arrays that operands lie in: words of bits, or vectors of the operands' own type. */
export type SubgroupMatrixElement = 'vec4<u32>' | 'vec4<f16>';

/** `refused`: the driver does not compile it. `wrong`: it compiles, and its numbers are not the product. */
export type SubgroupMatrixVerdict = 'right' | 'wrong' | 'refused';

export const SUBGROUP_MATRIX_FEATURE = 'chromium-experimental-subgroup-matrix';

const bytesOf = { f16: 2, f32: 4, i8: 1, i32: 4 } as const;

export function describeSubgroupMatrix({ inner, result, m, n, k }: SubgroupMatrixShape): string {
  return `${inner} -> ${result} ${m}x${n}x${k}`;
}

/**
 * Multiplies small whole numbers by one shape of the matrix units and compares every number of the result. Adapters list shapes that
 * they get wrong, and some list none of those they have: what counts is what comes out. Operands and result lie in workgroup memory
 * with padding between their rows, the right operand and the result by columns, as the kernels have them.
 * The device must have the feature; see SUBGROUP_MATRIX_FEATURE.
 */
export async function trySubgroupMatrix(
  device: GPUDevice,
  shape: SubgroupMatrixShape,
  element: SubgroupMatrixElement,
): Promise<SubgroupMatrixVerdict> {
  const label = `gpu.subgroup-matrix.${describeSubgroupMatrix(shape)}`;
  for (const filter of ['validation', 'internal'] as const) device.pushErrorScope(filter);
  const module = device.createShaderModule({ label, code: probeCode(device, shape, element) });
  const compiling = device.createComputePipelineAsync({ label, layout: 'auto', compute: { module } });
  const scopes = [device.popErrorScope(), device.popErrorScope()];
  const [outcome] = await Promise.allSettled([compiling]);
  const errors = await Promise.all(scopes);
  if (outcome.status === 'rejected' || errors.some((error) => error !== null)) return 'refused';
  const isRight = await compareProduct(device, outcome.value, shape);
  return isRight ? 'right' : 'wrong';
}

async function compareProduct(
  device: GPUDevice,
  pipeline: GPUComputePipeline,
  shape: SubgroupMatrixShape,
): Promise<boolean> {
  const { m, n, k } = shape;
  // Small enough to be exact in every type, without a pattern that a transposed operand would share.
  const left = Array.from({ length: m * k }, (_, index) => ((index * 7 + Math.floor(index / k) * 3) % 5) - 2);
  const right = Array.from({ length: n * k }, (_, index) => ((index * 11 + Math.floor(index / k) * 5) % 7) - 3);
  const expected = Array.from({ length: m * n }, (_, index) => {
    const [column, row] = [Math.floor(index / m), index % m];
    let sum = 0;
    for (let i = 0; i < k; i++) sum += (left[row * k + i] ?? 0) * (right[column * k + i] ?? 0);
    // The operands are taken twice, one time for each accumulation.
    return 2 * sum;
  });
  const operands = uploadStorageBuffer(
    device,
    'gpu.subgroup-matrix.operands',
    packNumbers([...left, ...right], shape.inner),
  );
  const output = createStorageBuffer(device, 'gpu.subgroup-matrix.output', m * n * bytesOf[shape.result]);
  try {
    const bindGroup = device.createBindGroup({
      label: 'gpu.subgroup-matrix',
      layout: pipeline.getBindGroupLayout(0),
      entries: [operands, output].map((buffer, binding) => ({ binding, resource: { buffer } })),
    });
    const encoder = device.createCommandEncoder({ label: 'gpu.subgroup-matrix' });
    const pass = encoder.beginComputePass({ label: 'gpu.subgroup-matrix' });
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup);
    pass.dispatchWorkgroups(1);
    pass.end();
    device.queue.submit([encoder.finish()]);
    const wanted = packNumbers(expected, shape.result);
    const found = new Uint8Array(await readBuffer(device, output, wanted.byteLength));
    return wanted.every((byte, index) => byte === found[index]);
  } finally {
    operands.destroy();
    output.destroy();
  }
}

/** Rows of operands lie `stride` array elements apart, one more than they fill. */
function probeCode(device: GPUDevice, shape: SubgroupMatrixShape, element: SubgroupMatrixElement): string {
  const { inner, result, m, n, k } = shape;
  const elementBytes = element === 'vec4<u32>' ? 16 : 8;
  const filled = (k * bytesOf[inner]) / elementBytes;
  const stride = filled + 1;
  const resultFilled = (m * bytesOf[result]) / 16;
  const resultStride = resultFilled + 1;
  const subgroupSize = device.adapterInfo.subgroupMaxSize ?? 32;
  const usesHalf = inner === 'f16' || result === 'f16';
  const read =
    element === 'vec4<u32>'
      ? (place: string) => `operands[${place}]`
      : (place: string) =>
          `bitcast<vec4<f16>>(select(operands[(${place}) / 2u].xy, operands[(${place}) / 2u].zw, (${place}) % 2u == 1u))`;
  return `enable chromium_experimental_subgroup_matrix;
${usesHalf ? 'enable f16;' : ''}
@group(0) @binding(0) var<storage, read> operands: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read_write> output: array<vec4<u32>>;
var<workgroup> leftTile: array<${element}, ${m * stride + 1}>;
var<workgroup> rightTile: array<${element}, ${n * stride + 1}>;
var<workgroup> resultTile: array<vec4<u32>, ${n * resultStride + 1}>;
@compute @workgroup_size(${subgroupSize})
fn main(@builtin(local_invocation_index) index: u32) {
  for (var i = index; i < ${m * filled}u; i += ${subgroupSize}u) {
    leftTile[1u + (i / ${filled}u) * ${stride}u + i % ${filled}u] = ${read('i')};
  }
  for (var i = index; i < ${n * filled}u; i += ${subgroupSize}u) {
    rightTile[1u + (i / ${filled}u) * ${stride}u + i % ${filled}u] = ${read(`${m * filled}u + i`)};
  }
  workgroupBarrier();
  let left = subgroupMatrixLoad<subgroup_matrix_left<${inner}, ${k}, ${m}>, row_major>(&leftTile, 1u, ${stride}u);
  let right = subgroupMatrixLoad<subgroup_matrix_right<${inner}, ${n}, ${k}>, col_major>(&rightTile, 1u, ${stride}u);
  var sum: subgroup_matrix_result<${result}, ${n}, ${m}>;
  sum = subgroupMatrixMultiplyAccumulate(left, right, sum);
  sum = subgroupMatrixMultiplyAccumulate(left, right, sum);
  subgroupMatrixStore<col_major>(&resultTile, 1u, sum, ${resultStride}u);
  workgroupBarrier();
  for (var i = index; i < ${n * resultFilled}u; i += ${subgroupSize}u) {
    output[i] = resultTile[1u + (i / ${resultFilled}u) * ${resultStride}u + i % ${resultFilled}u];
  }
}`;
}

function packNumbers(values: readonly number[], type: 'f16' | 'f32' | 'i8' | 'i32'): Uint8Array<ArrayBuffer> {
  if (type === 'f32') return new Uint8Array(Float32Array.from(values).buffer);
  if (type === 'i32') return new Uint8Array(Int32Array.from(values).buffer);
  if (type === 'i8') return new Uint8Array(Int8Array.from(values).buffer);
  return new Uint8Array(Uint16Array.from(values, halfOfInteger).buffer);
}

/** The bits of a whole number of at most eleven of them as IEEE 754 binary16. */
function halfOfInteger(value: number): number {
  if (value === 0) return 0;
  const magnitude = Math.abs(value);
  const exponent = Math.floor(Math.log2(magnitude));
  return (value < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | ((magnitude / 2 ** exponent - 1) * 1024);
}

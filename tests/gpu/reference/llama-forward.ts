/** The llama forward pass in float64, straight from the formulas: no cache, no batching, no shortcuts. */
export interface ReferenceModel {
  readonly layerCount: number;
  readonly embeddingLength: number;
  readonly headCount: number;
  readonly keyValueHeadCount: number;
  readonly headLength: number;
  readonly ropeDimensions: number;
  readonly ropeBase: number;
  readonly normEpsilon: number;
  readonly feedForwardLength: number;
  readonly vocabularySize: number;
  /** Row-major values by GGUF tensor name. */
  readonly weights: ReadonlyMap<string, Float64Array>;
}

/** y[r] = sum_k matrix[r][k] x[k]. */
export function multiply(matrix: Float64Array, x: Float64Array): Float64Array {
  const columns = x.length;
  const y = new Float64Array(matrix.length / columns);
  for (let row = 0; row < y.length; row++) {
    let sum = 0;
    for (let column = 0; column < columns; column++) sum += (matrix[row * columns + column] ?? 0) * (x[column] ?? 0);
    y[row] = sum;
  }
  return y;
}

export function rmsNorm(x: Float64Array, gain: Float64Array, epsilon: number): Float64Array {
  const meanSquare = x.reduce((sum, value) => sum + value * value, 0) / x.length;
  const scale = 1 / Math.sqrt(meanSquare + epsilon);
  return x.map((value, index) => value * scale * (gain[index] ?? 0));
}

export function silu(value: number): number {
  return value / (1 + Math.exp(-value));
}

/** Rotates the adjacent pairs of every head in place. */
export function rotate(
  vector: Float64Array,
  position: number,
  shape: { headLength: number; ropeDimensions: number; ropeBase: number; factors?: Float64Array | undefined },
): void {
  for (let head = 0; head < vector.length; head += shape.headLength) {
    for (let pair = 0; pair < shape.ropeDimensions / 2; pair++) {
      const frequency = shape.ropeBase ** ((-2 * pair) / shape.ropeDimensions) / (shape.factors?.[pair] ?? 1);
      const angle = position * frequency;
      const first = vector[head + pair * 2] ?? 0;
      const second = vector[head + pair * 2 + 1] ?? 0;
      vector[head + pair * 2] = first * Math.cos(angle) - second * Math.sin(angle);
      vector[head + pair * 2 + 1] = first * Math.sin(angle) + second * Math.cos(angle);
    }
  }
}

/** One query over keys [0..]: each key and value holds all key/value heads of its position. */
export function attend(
  query: Float64Array,
  keys: readonly Float64Array[],
  values: readonly Float64Array[],
  shape: { headCount: number; keyValueHeadCount: number; headLength: number },
): Float64Array {
  const { headCount, keyValueHeadCount, headLength } = shape;
  const output = new Float64Array(headCount * headLength);
  for (let head = 0; head < headCount; head++) {
    const cacheHead = Math.floor(head / (headCount / keyValueHeadCount)) * headLength;
    const scores = keys.map((key) => {
      let sum = 0;
      for (let i = 0; i < headLength; i++) sum += (query[head * headLength + i] ?? 0) * (key[cacheHead + i] ?? 0);
      return sum / Math.sqrt(headLength);
    });
    const highest = Math.max(...scores);
    const shares = scores.map((score) => Math.exp(score - highest));
    const total = shares.reduce((sum, share) => sum + share, 0);
    values.forEach((value, position) => {
      for (let i = 0; i < headLength; i++) {
        const index = head * headLength + i;
        output[index] = (output[index] ?? 0) + ((shares[position] ?? 0) / total) * (value[cacheHead + i] ?? 0);
      }
    });
  }
  return output;
}

function addTo(target: Float64Array | undefined, change: Float64Array): void {
  change.forEach((value, index) => {
    if (target !== undefined) target[index] = (target[index] ?? 0) + value;
  });
}

/** Logits after each token, one array per token. */
export function forward(model: ReferenceModel, tokens: readonly number[]): Float64Array[] {
  const weight = (name: string) => {
    const values = model.weights.get(`${name}.weight`);
    if (values === undefined) throw new Error(`the reference lacks ${name}`);
    return values;
  };
  const rope = { ...model, factors: model.weights.get('rope_freqs.weight') };
  const { embeddingLength, normEpsilon } = model;
  const embedding = weight('token_embd');
  const hidden = tokens.map((token) => embedding.slice(token * embeddingLength, (token + 1) * embeddingLength));
  for (let layer = 0; layer < model.layerCount; layer++) {
    const named = (name: string) => weight(`blk.${layer}.${name}`);
    const keys: Float64Array[] = [];
    const values: Float64Array[] = [];
    const queries = hidden.map((vector, position) => {
      const normed = rmsNorm(vector, named('attn_norm'), normEpsilon);
      const query = multiply(named('attn_q'), normed);
      const key = multiply(named('attn_k'), normed);
      rotate(query, position, rope);
      rotate(key, position, rope);
      keys.push(key);
      values.push(multiply(named('attn_v'), normed));
      return query;
    });
    queries.forEach((query, position) => {
      const attended = attend(query, keys.slice(0, position + 1), values.slice(0, position + 1), model);
      addTo(hidden[position], multiply(named('attn_output'), attended));
    });
    for (const vector of hidden) {
      const normed = rmsNorm(vector, named('ffn_norm'), normEpsilon);
      const gate = multiply(named('ffn_gate'), normed);
      const up = multiply(named('ffn_up'), normed);
      addTo(
        vector,
        multiply(
          named('ffn_down'),
          gate.map((value, index) => silu(value) * (up[index] ?? 0)),
        ),
      );
    }
  }
  const head = model.weights.get('output.weight') ?? embedding;
  return hidden.map((vector) => multiply(head, rmsNorm(vector, weight('output_norm'), normEpsilon)));
}

import { SUPPORTED_FORMATS } from '../formats/supported-formats.ts';
import type { WeightFormat } from '../formats/weight-format.ts';
import { GgufError, quoteName } from '../gguf/gguf-error.ts';
import { GGUF_LIMITS } from '../gguf/limits.ts';
import type { GgufFile, GgufTensor } from '../gguf/parse-gguf.ts';

/** Rows [firstRow, firstRow + rowCount) of a tensor that the kernels can multiply by. */
export interface MatrixRows {
  readonly tensor: GgufTensor;
  readonly format: WeightFormat;
  readonly firstRow: number;
  readonly rowCount: number;
}

/**
 * Looks up and checks every tensor of the architecture: present, of a supported type, of the shape the hyperparameters say,
 * and none left over (a bias that is not applied would make the answers silently wrong).
 *
 * @throws GgufError
 */
export class TensorDirectory {
  readonly #file: GgufFile;
  readonly #architecture: string;
  readonly #used = new Set<string>();

  constructor(file: GgufFile, architecture: string) {
    this.#file = file;
    this.#architecture = architecture;
  }

  matrix(name: string, rows: number, columns: number): MatrixRows {
    const tensor = this.#require(name);
    const format = SUPPORTED_FORMATS.get(tensor.type.name);
    if (format === undefined) {
      throw new GgufError(
        'UNSUPPORTED_TENSOR_TYPE',
        `tensor ${quoteName(name)} is ${tensor.type.name}; supported are ${[...SUPPORTED_FORMATS.keys()].join(', ')}`,
        { data: { field: name, value: tensor.type.name } },
      );
    }
    this.#checkShape(tensor, [columns, rows]);
    return { tensor, format, firstRow: 0, rowCount: rows };
  }

  vector(name: string, length: number): GgufTensor {
    const tensor = this.#require(name);
    if (!['F32', 'F16', 'BF16'].includes(tensor.type.name)) {
      throw new GgufError(
        'UNSUPPORTED_TENSOR_TYPE',
        `vector ${quoteName(name)} is ${tensor.type.name}, not F32, F16 or BF16`,
        { data: { field: name, value: tensor.type.name } },
      );
    }
    this.#checkShape(tensor, [length]);
    return tensor;
  }

  has(name: string): boolean {
    return this.#file.tensors.has(name);
  }

  rejectUnused(): void {
    for (const name of this.#file.tensors.keys()) {
      if (!this.#used.has(name)) {
        throw new GgufError(
          'UNEXPECTED_TENSOR',
          `tensor ${quoteName(name)} is not part of the ${this.#architecture} architecture`,
          { data: { field: name } },
        );
      }
    }
  }

  #require(name: string): GgufTensor {
    const tensor = this.#file.tensors.get(name);
    if (tensor === undefined) {
      throw new GgufError('MISSING_TENSOR', `tensor ${quoteName(name)} is missing`, { data: { field: name } });
    }
    this.#used.add(name);
    return tensor;
  }

  #checkShape(tensor: GgufTensor, expected: readonly number[]): void {
    const found = tensor.dimensions.join(' x ');
    if (found !== expected.join(' x ')) {
      throw new GgufError(
        'WRONG_SHAPE',
        `tensor ${quoteName(tensor.name)} is ${found}, but the hyperparameters make it ${expected.join(' x ')}`,
        { data: { field: tensor.name, found, expected: expected.join(' x ') } },
      );
    }
    if ((expected[0] ?? 0) > GGUF_LIMITS.rowElements) {
      throw new GgufError(
        'LIMIT_EXCEEDED',
        `tensor ${quoteName(tensor.name)} has rows of ${expected[0]} elements, above the limit of ${GGUF_LIMITS.rowElements}`,
        { data: { field: tensor.name, value: expected[0] ?? 0, limit: GGUF_LIMITS.rowElements } },
      );
    }
  }
}

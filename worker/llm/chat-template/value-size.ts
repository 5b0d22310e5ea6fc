import type { RuntimeValue } from './jinja.ts';
import { TEMPLATE_LIMITS } from './limits.ts';
import { TemplateError } from './template-error.ts';

interface Measure {
  readonly size: number;
  readonly depth: number;
}

const ATOM: Measure = { size: 1, depth: 0 };

/**
 * How large values are when written out. Lists and dictionaries never change once made, so that a list of twice the same list is measured
 * without walking it twice; namespaces do change, and may therefore not be part of another value.
 */
export class ValueSizes {
  readonly #known = new WeakMap<RuntimeValue, Measure>();

  /** Characters and elements. @throws TemplateError TEMPLATE_TOO_EXPENSIVE beyond valueSize or valueDepth */
  sizeOf(value: RuntimeValue): number {
    return this.#measure(value).size;
  }

  #measure(value: RuntimeValue): Measure {
    if (typeof value.value === 'string') return checked({ size: value.value.length, depth: 0 });
    const isList = Array.isArray(value.value);
    if (!isList && !(value.value instanceof Map)) return ATOM;
    const known = this.#known.get(value);
    if (known !== undefined) return known;
    const entries = value.value as readonly RuntimeValue[] | ReadonlyMap<string, RuntimeValue>;
    let size = 1;
    let depth = 0;
    for (const [key, part] of entries.entries()) {
      if (part.type === 'NamespaceValue') {
        throw new TemplateError(
          'TEMPLATE_TOO_EXPENSIVE',
          'the chat template puts a namespace into another value, whose size nothing bounds then',
        );
      }
      const measure = this.#measure(part);
      size += measure.size + (typeof key === 'string' ? key.length : 0) + 1;
      depth = Math.max(depth, measure.depth);
    }
    const measure = checked({ size, depth: depth + 1 });
    if (value.type !== 'NamespaceValue') this.#known.set(value, measure);
    return measure;
  }
}

function checked(measure: Measure): Measure {
  const { valueSize, valueDepth } = TEMPLATE_LIMITS;
  if (measure.size > valueSize || measure.depth > valueDepth) {
    const what = measure.size > valueSize ? `of size ${measure.size}` : `${measure.depth} levels deep`;
    throw new TemplateError(
      'TEMPLATE_TOO_EXPENSIVE',
      `the chat template makes a value ${what}; it may have size ${valueSize} and ${valueDepth} levels`,
      { data: { value: measure.size, limit: valueSize } },
    );
  }
  return measure;
}

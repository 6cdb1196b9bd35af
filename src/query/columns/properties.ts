/** The custom properties in the texts of a dictionary. Each text is parsed once, whatever the number of properties that a query reads. */
import type { Meter } from '../meter.ts';

/** A value of a dimension as stored. Custom properties of old events may be numbers. */
export type DimensionValue = string | number;

/** Steps of the meter to parse a text, and each of its characters. */
const TEXT = 20;
const CHARACTER = 0.5;

export class PropertyTexts {
  readonly #keys: readonly string[];
  readonly #meter: Meter;
  #values: ReadonlyMap<string, readonly (DimensionValue | null)[]> | undefined;

  constructor(keys: readonly string[], meter: Meter) {
    this.#keys = keys;
    this.#meter = meter;
  }

  /**
   * The values of a property, one for each text; null for texts without it.
   * @throws OutOfSteps
   */
  valuesOf(key: string, texts: readonly string[]): readonly (DimensionValue | null)[] {
    this.#values ??= this.#parse(texts);
    return this.#values.get(key) ?? [];
  }

  #parse(texts: readonly string[]): Map<string, (DimensionValue | null)[]> {
    const values = new Map(this.#keys.map((key) => [key, [] as (DimensionValue | null)[]]));
    for (const text of texts) {
      this.#meter.spend(TEXT + CHARACTER * text.length);
      const properties = parse(text);
      const has = typeof properties === 'object' && properties !== null && !Array.isArray(properties);
      for (const [key, list] of values) {
        list.push(
          has && Object.hasOwn(properties, key)
            ? sqlValueOf((properties as Record<string, unknown>)[key])
            : null,
        );
      }
    }
    return values;
  }
}

/** The properties of a text; null for none. */
function parse(text: string): unknown {
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    // Only a damaged segment has such a text.
    return null;
  }
}

/** A value as `json_each` of SQLite has it. Events of earlier versions may have other values than texts. */
function sqlValueOf(value: unknown): DimensionValue | null {
  if (typeof value === 'string' || typeof value === 'number' || value === null) return value;
  return typeof value === 'boolean' ? Number(value) : JSON.stringify(value);
}

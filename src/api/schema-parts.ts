/** What the JSON Schemas of responses are made of. For the OpenAPI document only; nothing of this file is part of the Worker. */
export type JsonSchema = Readonly<Record<string, unknown>>;

export const text = { type: 'string' };
export const count = { type: 'integer', minimum: 0 };
export const countOrNull = { ...count, type: ['integer', 'null'] };
export const day = { type: 'string', format: 'date' };
export const time = { type: 'string', format: 'date-time' };

/** An object with all of its properties, except the optional ones. */
export function object(properties: Readonly<Record<string, unknown>>, optional: readonly string[] = []) {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties, required };
}
export const listOf = (items: unknown) => ({ type: 'array', items });
export const mapOf = (values: unknown) => ({ type: 'object', additionalProperties: values });
export const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
export const orNull = (schema: unknown) => ({ anyOf: [schema, { type: 'null' }] });

export const imported = {
  ...object({ from: day, to: day }),
  description: 'The first and last day of imported totals. Missing if it has none.',
};

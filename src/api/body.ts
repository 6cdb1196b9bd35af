/** Reads and checks the bodies of API requests. */
import * as v from 'valibot';
import { readBody } from '../http/body.ts';
import { LIMITS } from '../model/limits.ts';
import { pathOf } from '../model/path.ts';
import { Problem } from './problem.ts';

const BODY_ERRORS = {
  body_too_large: `A body has at most ${LIMITS.apiBytes} bytes. Send less at a time.`,
  unsupported_encoding: 'Send the body uncompressed, or with Content-Encoding: gzip.',
  broken_encoding: 'The body is not a valid gzip stream, although Content-Encoding says so.',
  broken_body: 'The body ended before it was complete.',
} as const;

/** @throws Problem if the body is too large or cannot be read. */
export async function readText(request: Request): Promise<string> {
  const body = await readBody(request, LIMITS.apiBytes);
  if (!body.ok) throw new Problem(body.error, BODY_ERRORS[body.error]);
  return body.value;
}

/** @throws Problem if the body is too large or not JSON. */
export async function readJson(request: Request): Promise<unknown> {
  const text = await readText(request);
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem('invalid_json', 'The body is not JSON.');
  }
}

/** @throws Problem with an entry for each error, if the value does not match the schema. */
export function check<Schema extends v.GenericSchema>(schema: Schema, value: unknown): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  throw new Problem('invalid_body', 'The body is invalid: see errors.', {
    errors: result.issues.map((issue) => ({ path: pathOf(issue.path ?? []), message: issue.message })),
  });
}

/** A partial object, as a change is, without the entries that are undefined. */
export function withoutUndefined<T extends object>(
  partial: T,
): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(partial).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]?: Exclude<T[Key], undefined>;
  };
}

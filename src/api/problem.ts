/**
 * Errors as `application/problem+json` (RFC 9457), and the one place that turns a thrown error into a response. `reason` is a
 * stable word for programs. `detail` is a sentence for people that says what to do.
 */
import type { FieldError } from '../model/field-error.ts';
import { SCHEMA_VERSION } from '../model/version.ts';
import { isSchemaError, readSchemaVersion, schemaAdvice } from '../store/schema.ts';

export const PROBLEMS = {
  invalid_body: { status: 400, title: 'Invalid body' },
  invalid_json: { status: 400, title: 'Invalid JSON' },
  invalid_query: { status: 400, title: 'Invalid query' },
  beyond_retention: { status: 400, title: 'Beyond retention' },
  unsupported_encoding: { status: 415, title: 'Unsupported encoding' },
  broken_encoding: { status: 400, title: 'Broken encoding' },
  broken_body: { status: 400, title: 'Broken body' },
  missing_token: { status: 401, title: 'No token' },
  wrong_token: { status: 401, title: 'Wrong token' },
  wrong_link: { status: 401, title: 'No such link' },
  wrong_password: { status: 401, title: 'Wrong password' },
  session_ended: { status: 401, title: 'Session ended' },
  cross_site: { status: 403, title: 'Not from here' },
  https_required: { status: 403, title: 'https required' },
  missing_scope: { status: 403, title: 'Not allowed' },
  wrong_pixel: { status: 403, title: 'Not allowed' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'Wrong method' },
  conflict: { status: 409, title: 'Conflict' },
  precondition_failed: { status: 412, title: 'Changed meanwhile' },
  body_too_large: { status: 413, title: 'Body too large' },
  too_many_requests: { status: 429, title: 'Too many requests' },
  too_many_attempts: { status: 429, title: 'Too many attempts' },
  no_admin_token: { status: 503, title: 'No admin token' },
  no_secret_key: { status: 503, title: 'No secret key' },
  store_unavailable: { status: 503, title: 'Store unavailable' },
  internal_error: { status: 500, title: 'Internal error' },
} as const satisfies Record<string, { readonly status: number; readonly title: string }>;

export type Reason = keyof typeof PROBLEMS;

/** Thrown if a request cannot be answered. */
export class Problem extends Error {
  readonly reason: Reason;
  readonly errors: readonly FieldError[] | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    reason: Reason,
    detail: string,
    options: {
      readonly errors?: readonly FieldError[];
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ) {
    super(detail);
    this.reason = reason;
    this.errors = options.errors;
    this.headers = options.headers ?? {};
  }

  /** The same problem, whose response has further headers. */
  with(headers: Readonly<Record<string, string>>): Problem {
    return new Problem(this.reason, this.message, {
      ...(this.errors ? { errors: this.errors } : {}),
      headers: { ...this.headers, ...headers },
    });
  }

  toJson(): Record<string, unknown> {
    const { status, title } = PROBLEMS[this.reason];
    const retryAfter = this.headers['retry-after'];
    return {
      title,
      status,
      detail: this.message,
      reason: this.reason,
      ...(this.errors ? { errors: this.errors } : {}),
      ...(retryAfter === undefined ? {} : { retry_after: Number(retryAfter) }),
    };
  }

  response(): Response {
    return Response.json(this.toJson(), {
      status: PROBLEMS[this.reason].status,
      headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...this.headers },
    });
  }
}

/** The problem of an unknown path. */
export function notFound(): Problem {
  return new Problem(
    'not_found',
    'Nothing is here. The dashboard is at /app/, and the API under /api/v1 and /api/v2.',
  );
}

/** The problem of a method that a path does not support. @param methods those that it supports; with GET, HEAD is implied. */
export function wrongMethod(...methods: readonly string[]): Problem {
  const allow = methods.map((method) => (method === 'GET' ? 'GET, HEAD' : method)).join(', ');
  return new Problem('method_not_allowed', `Use ${allow}.`, { headers: { allow } });
}

/** The response for a thrown error. */
export async function problemResponse(error: unknown, db: D1Database): Promise<Response> {
  return (await problemOf(error, db)).response();
}

/** The problem of a thrown error. An error that is not a `Problem` is logged, and the client does not see its message. */
export async function problemOf(error: unknown, db: D1Database): Promise<Problem> {
  if (error instanceof Problem) return error;
  console.error('unexpected error', error);
  if (error instanceof Error && error.name === 'EngineError') {
    return new Problem(
      'store_unavailable',
      'Analytics Engine, which has the events of the last hours, did not answer. Try again.',
      { headers: { 'retry-after': '10' } },
    );
  }
  if (isSchemaError(error)) return new Problem('store_unavailable', await lackingDetail(db));
  const message = error instanceof Error ? error.message : '';
  return message.startsWith('D1_')
    ? new Problem(
        'store_unavailable',
        'The database did not answer in time. The request may still have been carried out. Try again: events with an eid count once.',
        {
          headers: { 'retry-after': '5' },
        },
      )
    : new Problem('internal_error', 'Something went wrong here. It has been logged.');
}

async function lackingDetail(db: D1Database): Promise<string> {
  const lacks = 'The database lacks a table or a column that this Worker uses.';
  const version = await readSchemaVersion(db).catch(() => SCHEMA_VERSION);
  // If the version is right, something was lost. A deploy creates it again.
  return `${lacks} ${schemaAdvice(version) ?? 'Run npm run deploy, which creates what is missing.'}`;
}

/** Asks a Speck for its health and its diagnostics, and reads the configuration of this checkout. */
import { callApi, SendError } from '../api-client.ts';
import { buildIdOf } from '../build-id.ts';
import type { Plan } from '../platform-limits.ts';
import { isLocal } from '../target.ts';
import { ROOT } from '../wrangler.ts';
import type { Configuration } from './configuration.ts';
import type { Access, Diagnostics, Facts, Health } from './facts.ts';
import { planOf } from './plan.ts';

const TIMEOUT = 30_000;
/** More attempts would only delay the diagnosis. */
const TRIES = 2;

export interface Question {
  readonly url: string;
  readonly token: string | undefined;
  readonly env: string | undefined;
  readonly plan: Plan | undefined;
  /** Null if this checkout has no configuration that could be read. */
  readonly configuration: Configuration | null;
}

export async function gather({ url, token, env, plan, configuration }: Question): Promise<Facts> {
  const { health, failure } = await readHealth(url);
  const answer: Answer = !health
    ? { access: 'failed', diagnostics: null }
    : token === undefined
      ? { access: isClosed(health) ? 'closed' : 'no token', diagnostics: null }
      : await readDiagnostics(url, token);
  const { access, diagnostics, skew = 0, failure: why = failure } = answer;
  return {
    url,
    isLocal: isLocal(url),
    env,
    now: Date.now(),
    health,
    failure: why,
    access,
    diagnostics,
    skew,
    build: buildIdOf(ROOT),
    configuration,
    plan: planOf(plan, diagnostics, configuration),
  };
}

const isClosed = ({ api }: Health): boolean => api.startsWith('closed');

/** The health is public, so it is asked for without the token. */
async function readHealth(
  url: string,
): Promise<{ readonly health: Health | null; readonly failure: string }> {
  try {
    const response = await fetch(`${url}/health`, {
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT),
    });
    const health: unknown = await response.json().catch(() => null);
    if (isHealth(health)) return { health, failure: '' };
    return { health: null, failure: `answered ${response.status}, and not as a Speck does` };
  } catch (error) {
    const { cause } = error as { cause?: { code?: string } };
    return { health: null, failure: `does not answer (${cause?.code ?? (error as Error).message})` };
  }
}

function isHealth(value: unknown): value is Health {
  const health = value as Partial<Health> | null;
  return typeof health?.version === 'string' && typeof health.api === 'string';
}

interface Answer {
  readonly access: Access;
  readonly diagnostics: Diagnostics | null;
  readonly skew?: number;
  readonly failure?: string;
}

/** A status that says which access there is. */
class Refused extends Error {
  readonly access: Access;

  constructor(access: Access) {
    super(access);
    this.access = access;
  }
}

const REFUSALS: Readonly<Record<number, Access>> = {
  401: 'wrong token',
  403: 'wrong token',
  404: 'too old',
  503: 'closed',
};

async function readDiagnostics(url: string, token: string): Promise<Answer> {
  try {
    let sent = Date.now();
    const diagnostics = await callApi(
      {
        method: 'GET',
        path: '/api/v1/diagnostics',
        status: 200,
        isAnswer: isDiagnostics,
        explanations: {},
        errorOf: (status) => {
          const access = REFUSALS[status];
          return access === undefined ? undefined : new Refused(access);
        },
      },
      {
        url,
        token,
        tries: TRIES,
        onRetry: () => {
          sent = Date.now();
        },
      },
    );
    return { access: 'read', diagnostics, skew: skewOf(Date.parse(diagnostics.now), sent, Date.now()) };
  } catch (error) {
    if (error instanceof Refused) return { access: error.access, diagnostics: null };
    if (!(error instanceof SendError)) throw error;
    return { access: 'failed', diagnostics: null, failure: error.message };
  }
}

/**
 * By how many milliseconds this machine's clock is ahead at least, since the Worker read its own at some moment between the
 * request and the answer.
 */
export function skewOf(theirs: number, sent: number, received: number): number {
  if (theirs < sent) return sent - theirs;
  return theirs > received ? received - theirs : 0;
}

function isDiagnostics(value: unknown): value is Diagnostics {
  const answer = value as Partial<Diagnostics> | null;
  return (
    typeof answer?.now === 'string' &&
    typeof answer.build === 'string' &&
    Array.isArray(answer.failed_parts) &&
    [answer.bindings, answer.secrets, answer.settings].every((part) => typeof part === 'object')
  );
}
